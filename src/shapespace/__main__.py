"""`python -m shapespace`: the command line, for `torchrun -m shapespace train ...`."""

from __future__ import annotations

import sys

from shapespace.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
