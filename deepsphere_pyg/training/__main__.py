"""``python -m deepsphere_pyg.training``: the command line without its script."""

import sys

from deepsphere_pyg.training.command_line import main

sys.exit(main())
