"""Running a plan: tasks, journal, verdicts, publication."""

from climcomp_workflows.run.start import RunOutcome, run_recipe

__all__ = ["RunOutcome", "run_recipe"]
