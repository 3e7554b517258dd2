"""What a run before this one learned: bounds that all of the data kept, or failed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from climcomp.archive import open_archive
from climcomp.bounds import ErrorBound
from climcomp.errors import ClimcompError, RecipeError
from climcomp_metrics.report import Report, VariableReport
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.search.steps import at_step, step_of
from climcomp_workflows.recipe import Recipe

Bounds = tuple[ErrorBound, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of one variable in an archive: the bounds that it passed with, and the last that it failed.

    Both were measured on all of its values; None where there are none.
    """

    passed: Bounds | None
    failed: Bounds | None


def read_lessons(recipe: Recipe) -> dict[str, Lesson]:
    """What the archive of `search: {learn_from: ...}` says, by variable; empty without one.

    Raises
    ------
    RecipeError
        If there is no such archive, or this climcomp cannot read its plan and report.
    """
    path = recipe.search.learn_from
    if path is None:
        return {}
    line = recipe.line("search", "learn_from")
    try:
        archive = open_archive(path)
        plan = Plan.from_dict(json.loads(archive.document("plan.json")))
        report = Report.from_dict(json.loads(archive.document("report.json")))
    except (ClimcompError, OSError) as error:
        raise RecipeError(f"line {line}, search.learn_from: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise RecipeError(
            f"line {line}, search.learn_from: this climcomp cannot read the plan of {path} "
            f"({type(error).__name__}: {error}); leave learn_from out, or name an archive that "
            "this version made"
        ) from error
    reports = {one.name: one for one in report.variables}
    return {
        variable.name: _lesson(variable, reports[variable.name])
        for variable in plan.variables
        if variable.how == "lossy" and variable.name in reports and not variable.is_preview
    }


def _lesson(variable: VariablePlan, report: VariableReport) -> Lesson:
    texts = [rung.text for rung in variable.ladder]
    tried = [texts.index(a.rung) for a in report.attempts if a.rung in texts[variable.start :]]
    kept = variable.ladder[tried[-1]] if tried and report.how == "lossy" else None
    failed = [variable.ladder[n] for n in tried[: len(tried) - (kept is not None)]]
    lossy = [rung.bounds for rung in failed if rung.bounds is not None]
    return Lesson(None if kept is None else kept.bounds, lossy[-1] if lossy else None)


def learned(
    loosest: LevelBounds, begin: int, lesson: Lesson | None
) -> tuple[LevelBounds, int, str]:
    """The loosest bounds, the step to begin with, and a note, with what was learned.

    Bounds that failed on all of the data are out of reach, and the search begins at those that
    passed. A lesson of other levels or another kind of bound teaches nothing, and the note says so.
    """
    if lesson is None or (lesson.passed or lesson.failed) is None:
        return loosest, begin, ""
    for bounds in (lesson.passed, lesson.failed):
        if bounds is not None and not _alike(bounds, loosest):
            return (
                loosest,
                begin,
                "learned nothing: the archive has other levels or kinds of bounds",
            )
    out = 0
    if lesson.failed is not None:
        out = max(0, _steps_to(loosest, lesson.failed) + 1)
        tightened = tuple(at_step(bound, out) for bound in loosest.bounds)
        loosest = replace(loosest, bounds=tightened)
    begin = max(0, begin - out)
    if lesson.passed is not None:
        begin = max(0, _steps_to(loosest, lesson.passed))
    what = "bounds that all of the data passed" if lesson.passed else "what all of the data failed"
    return loosest, begin, f"learned from an earlier archive: {what}"


def _alike(bounds: Bounds, loosest: LevelBounds) -> bool:
    return len(bounds) in (1, len(loosest.bounds)) and bounds[0].kind == loosest.kind


def _steps_to(loosest: LevelBounds, bounds: Bounds) -> int:
    """The step at which no level is looser than these bounds."""
    every = bounds * len(loosest.bounds) if len(bounds) == 1 else bounds
    pairs = zip(loosest.bounds, every, strict=True)
    return max(step_of(mine.value / theirs.value) for mine, theirs in pairs)
