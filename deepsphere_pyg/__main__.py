"""``python -m deepsphere_pyg``: the command ``deepsphere-pyg``."""

import sys

from deepsphere_pyg.commands.command_line import main

sys.exit(main())
