"""What the commands for fields in files share: data, training, scores, reports."""
