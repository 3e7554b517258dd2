"""`python -m climcomp_workflows.cli`: the same as `climcomp`."""

from __future__ import annotations

import sys

from climcomp_workflows.cli import main

if __name__ == "__main__":
    sys.exit(main())
