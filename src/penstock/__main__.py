"""`python -m penstock`: the command, where no script of that name is on the path."""

import sys

from penstock.cli import main

if __name__ == "__main__":
    sys.argv[0] = "penstock"
    sys.exit(main())
