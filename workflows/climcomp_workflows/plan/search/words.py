"""What a search found, in words for a plan."""

from __future__ import annotations

from climcomp_metrics.report.quantity import counted, number_text
from climcomp_workflows.plan.search.find import Looked, Search, Steps
from climcomp_workflows.plan.search.levels import bounds_at
from climcomp_workflows.plan.search.trials import Trials


def told(found: Search, trials: Trials, raw_bytes: int) -> tuple[str, ...]:
    """One line for the search, and one for each codec that it looked at."""
    sample = trials.gate.sample
    values = sample.fields[:, 0].size
    levels = "" if len(sample.levels) == 1 else f" of each of {len(sample.levels)} levels"
    part = "all" if sample.whole else number_text(values)
    lines = [
        f"search: {counted(len(trials.made), 'trial')}, each of {part} values{levels}; sizes are "
        "of pieces of the sample blocks"
    ]
    return (*lines, *(_line(one, trials, raw_bytes) for one in found.looked))


def _line(one: Looked, trials: Trials, raw_bytes: int) -> str:
    name, stopped = one.candidate.name, one.stopped
    ratio = number_text(raw_bytes / one.size_bytes)
    if one.steps is not None:
        text = f"{name} passes within {_bounds(one.steps, trials)}: {ratio} x"
        if stopped is None:
            return text
        near = "" if stopped.strain > 1 else "next to its limit "
        return f"{text}; {near}within {stopped.bound}: {stopped.why}"
    if stopped is None:
        return f"{name} is larger at any bound that may pass: {ratio} x"
    if one.size_bytes < float("inf"):
        return f"{name} would be smaller from {stopped.bound} on, and fails there: {stopped.why}"
    return f"{name} passes nowhere; nearest within {stopped.bound}: {stopped.why}"


def _bounds(steps: Steps, trials: Trials) -> str:
    found = bounds_at(trials.loosest, trials.gate.sample.levels, steps)
    return trials.told(found.bounds)
