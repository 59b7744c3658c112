"""The command as people type it, but that it writes a checkpoint several times a second: nobody waits 5 s for one."""

import sys

PROGRAM = """
from fashionlab.training import loop
loop.CHECKPOINT_SECONDS = 0.2
from fashionlab.cli import main
main()
"""

COMMAND = (sys.executable, "-P", "-c", PROGRAM)
