"""Pack a trained network as a file of the package.

    deepsphere-pyg segment --demo --out runs/demo
    python -m benchmarks.studies.pack_pretrained runs/demo climate-events-small

The file ``deepsphere_pyg/models/pretrained/NAME.pt`` gets the weights of ``best.ckpt``
and its header, without the optimizer and the state of the training; in the notes of the
header, the command and the scores of ``metrics.json``. The script prints the SHA-256
for the list in ``deepsphere_pyg/models/pretrained/registry.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import deepsphere_pyg
from deepsphere_pyg.models.checkpoint_file import (
    TASK,
    read_checkpoint,
    write_checkpoint,
)

FOLDER = Path(deepsphere_pyg.__file__).parent / "models/pretrained"
HEADER = "deepsphere_pyg"


def packed(run: Path, command: str) -> dict[str, Any]:
    """Return what is kept of a run."""
    content = read_checkpoint(run / "best.ckpt")
    metrics = json.loads((run / "metrics.json").read_text())
    # The network that is asked for comes first, baselines after it.
    network = next(iter(metrics["networks"].values()))
    notes = {
        **content[HEADER]["notes"],
        "command": command,
        "scores": {"data": metrics["data"], **network["test"]},
        "torch": metrics["torch"],
    }
    header = {**content[HEADER], "notes": notes}
    task = {**content[TASK], "notes": notes}
    return {HEADER: header, TASK: task, "state_dict": content["state_dict"]}


def main(arguments: list[str] | None = None) -> None:
    """Pack the network of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("name", help="name of the pretrained network")
    parser.add_argument(
        "--command",
        default="deepsphere-pyg segment --demo",
        help="command that trained it",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    args = parser.parse_args(arguments)
    path = args.folder / f"{args.name}.pt"
    write_checkpoint(packed(args.run, args.command), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}, {path.stat().st_size:,} bytes\n{digest}")


if __name__ == "__main__":
    main()
