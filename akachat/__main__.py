"""``python -m akachat``: the command line."""

import sys

from akachat.cli import main

if __name__ == "__main__":
    sys.exit(main())
