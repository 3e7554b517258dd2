"""The command line: `climcomp COMMAND ...`."""

from climcomp_workflows.cli.program import main

__all__ = ["main"]
