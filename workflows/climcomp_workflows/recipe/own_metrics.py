"""The files of a recipe's own metrics: read and tried once, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from climcomp.errors import MetricError
from climcomp_metrics.plugins.code import SumsMetric, find_metric, run_file
from climcomp_metrics.plugins.model import OwnMetric, checksum, read_code
from climcomp_workflows.recipe.checks import OwnMetricRecipe
from climcomp_workflows.recipe.criteria import known_criteria
from climcomp_workflows.recipe.problems import Location, Problem, line_of, nearest


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """A metric with its code, the variables that it is for, and the line that names it."""

    metric: OwnMetric
    variables: tuple[str, ...]
    line: int


def read_own_metrics(
    entries: tuple[OwnMetricRecipe, ...], folder: Path, lines: Mapping[Location, int]
) -> tuple[tuple[OwnEntry, ...], list[Problem]]:
    """The metrics of a recipe with the text of their files, which is run once to see that it does.

    Parameters
    ----------
    folder
        Where relative paths start.
    lines
        The lines of the recipe's keys.

    Returns
    -------
    The metrics that can be had, and what is wrong with the others.
    """
    found: list[OwnEntry] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for position, entry in enumerate(entries):
        where: Location = ("checks", "metrics", position)
        line = line_of((*where, "name"), lines)
        if entry.name in seen:
            text = f"{entry.name!r} stands on line {seen[entry.name]} already: one entry a metric"
            problems.append(Problem(line, (*where, "name"), text))
            continue
        seen[entry.name] = line
        if clash := _clash(entry.name):
            problems.append(Problem(line, (*where, "name"), clash))
            continue
        key, metric = _metric(entry, folder)
        if isinstance(metric, OwnMetric):
            found.append(OwnEntry(metric, entry.variables, line))
        else:
            problems.append(Problem(line_of((*where, key), lines), (*where, key), metric))
    return tuple(found), problems


def _clash(name: str) -> str:
    words = name.replace("_", " ").casefold()
    for criterion in known_criteria().values():
        if words in (criterion.id.casefold(), criterion.name.casefold()):
            ours = f"{criterion.id} {criterion.name}"
            return f"{name!r} would be taken for {ours} of climcomp in a report: rename it"
    return ""


def _metric(entry: OwnMetricRecipe, folder: Path) -> tuple[str, OwnMetric | str]:
    """The metric, or what is wrong; and the key that it is wrong with."""
    path = folder / Path(entry.file).expanduser()
    code, problem = _text(path, entry.file)
    if problem:
        return "file", problem
    own = OwnMetric(
        name=entry.name,
        file=path.name,
        sha256=checksum(code),
        unit=entry.unit,
        warn=entry.warn,
        fail=entry.fail,
        least=entry.better == "higher",
        every=entry.every,
        over=entry.over,
        code=code,
    )
    try:
        run_file(own)
    except MetricError as error:
        return "file", f"{error}: mend the file"
    try:
        is_class = isinstance(find_metric(own), SumsMetric)
    except MetricError as error:
        return "name", str(error)
    if is_class and "over" in entry.model_fields_set:
        return "over", f"{entry.name!r} is a class, whose value() decides: leave over out"
    return "", own


def _text(path: Path, written: str) -> tuple[str, str]:
    """The text of a file, or what is wrong with it."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        close = nearest(path.name, (p.name for p in path.parent.glob("*.py")))
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        return "", f"found {written!r}: {path} {what}, wanted a file of Python{meant}"
    try:
        code = read_code(path)
    except MetricError as error:
        return "", str(error)
    return code, "" if code.strip() else f"{written!r} is empty, wanted a file of Python"
