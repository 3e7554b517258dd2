"""The last look at all variables of a run: their reports in words, and their figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from climcomp_metrics.report import VariableReport
from climcomp_metrics.report.drawn import VariableFigures
from climcomp_workflows.cluster import Executor, run_tasks
from climcomp_workflows.illustrate.task import FinishTask, finish_variable


@dataclass(slots=True)
class Pictures:
    """What a run has to show; lives from acceptance to publication.

    Parameters
    ----------
    documents
        The figures' data, by name of the document.
    figures
        By variable; none without matplotlib.
    """

    documents: dict[str, bytes] = field(default_factory=dict)
    figures: dict[str, VariableFigures] = field(default_factory=dict)


def finish_variables(
    executor: Executor,
    tasks: Iterable[FinishTask],
    reports: Mapping[str, VariableReport],
    check: Callable[[], None] = lambda: None,
) -> tuple[list[VariableReport], Pictures]:
    """Finish the variables that workers compressed; the others' reports stay as they are.

    Parameters
    ----------
    reports
        Of all variables, in their order.
    check
        Called after every variable: raises where the run has lost its store.

    Raises
    ------
    ClimcompError
        What a task raised. What is journalled stays done.
    """
    told = dict(reports)
    pictures = Pictures()
    labelled = ((f"the figures of {task.report.name}", task) for task in tasks)
    for finished in run_tasks(executor, finish_variable, labelled):
        check()
        told[finished.report.name] = finished.report
        if finished.document is not None:
            pictures.documents[finished.report.figures] = finished.document
        if finished.figures is not None:
            pictures.figures[finished.report.name] = finished.figures
    return list(told.values()), pictures
