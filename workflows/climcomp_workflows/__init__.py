"""From recipe to published archive: plan, run, verify, report."""
