"""``python -m deepsphere_pyg.training``: the command line without its script."""

import sys

from deepsphere_pyg.commands.command_line import main

sys.exit(main())
