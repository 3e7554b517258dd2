"""A report's pages made again from a published archive."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

from climcomp.archive import Archive
from climcomp.errors import ArchiveDamagedError, ArchiveError, MissingExtraError, UsageError
from climcomp_metrics.report import Report, VariableReport, render_pages
from climcomp_metrics.report.drawn import VariableFigures, draw_variable
from climcomp_metrics.report.figures.drawing import require_matplotlib
from climcomp_metrics.report.names import names_for
from climcomp_workflows.cluster import make_executor, run_tasks

REPORT = "report.json"
# Starting processes takes as long as one process needs for so many variables.
FEW = 6


@dataclass(frozen=True, slots=True)
class Pages:
    """A report as files.

    Parameters
    ----------
    texts
        By path relative to the folder of the first, which is the report itself.
    remarks
        What is missing in them, for the person who asked.
    """

    texts: dict[str, str]
    remarks: tuple[str, ...]


def read_report(archive: Archive) -> Report:
    """The report that was published with an archive.

    Raises
    ------
    ArchiveError
        If there is none, or a later climcomp wrote it.
    ArchiveDamagedError
        If it is no report, or not the one that was published.
    """
    report = stored_report(archive)
    if report is None:
        raise ArchiveError(
            f"{archive.store.root} has no report: it is a subset or was not made by `climcomp "
            "run`. `climcomp inspect` shows what is in it."
        )
    return report


def stored_report(archive: Archive) -> Report | None:
    """The same, or None where there is none.

    Raises
    ------
    ArchiveError
        If a later climcomp wrote it.
    ArchiveDamagedError
        If it is no report, or not the one that was published.
    """
    if REPORT not in archive.documents:
        return None
    try:
        return Report.from_dict(json.loads(archive.document(REPORT)))
    except ValueError as err:
        raise ArchiveDamagedError(
            f"{REPORT} of {archive.store.root} is no JSON: {err}. Restore it from a copy."
        ) from err


def make_pages(
    archive: Archive,
    report: Report,
    page: str,
    say: Callable[[str], None] = lambda text: None,
    workers: int | None = None,
) -> Pages:
    """The pages of a report, figures drawn anew.

    What is damaged or cannot be drawn is named on the page and in `remarks`; the rest is made.

    Parameters
    ----------
    page
        What the first page will be called.
    workers
        Processes that draw; None: one a core, and none beside this one for few variables.
    """
    names = names_for(page)
    shown = [v for v in report.variables if v.figures or v.no_figures or v.trials]
    try:
        require_matplotlib()
    except MissingExtraError as error:
        return Pages(render_pages(report, names=names), (str(error),))
    stored = {variable.name: _document(archive, variable) for variable in shown}
    tasks = [(f"the figures of {v.name}", DrawTask(v, stored[v.name][0])) for v in shown]
    if workers is None:
        workers = 0 if len(tasks) <= FEW else os.cpu_count() or 1
    figures: dict[str, VariableFigures] = {}
    executor = make_executor("local" if workers else "inline", max(1, workers))
    try:
        for drawn in run_tasks(executor, draw, tasks):
            figures[drawn.name] = drawn
            say(f"drawn: {len(figures)} of {len(tasks)} variables")
    finally:
        executor.close()
    remarks = tuple(why for _, why in stored.values() if why)
    return Pages(render_pages(report, figures, names=names), remarks)


@dataclass(frozen=True, slots=True)
class DrawTask:
    """A variable, and what its archive keeps for its figures."""

    report: VariableReport
    stored: bytes | None


def draw(task: DrawTask) -> VariableFigures:
    """Draw the figures of a variable."""
    return draw_variable(task.report, task.stored)


def _document(archive: Archive, variable: VariableReport) -> tuple[bytes | None, str]:
    """The figures' data; or None, and what is wrong with them."""
    if not variable.figures:
        return None, ""
    try:
        return archive.document(variable.figures), ""
    except (ArchiveDamagedError, UsageError) as error:
        return None, f"{variable.name} has no figures: {error}"
