"""After acceptance: a variable's report in dates and degrees, its figures' data, its figures."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from climcomp.errors import ArchiveError, ClimcompError, MissingExtraError
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.report import TrialsReport, VariableReport
from climcomp_metrics.report.drawn import VariableFigures, draw_variable
from climcomp_metrics.report.figures import (
    Illustration,
    fields_at_worst,
    from_bytes,
    to_bytes,
    with_worst,
)
from climcomp_metrics.report.names import data_name
from climcomp_workflows.context import RunContext, RunKey, context_of
from climcomp_workflows.illustrate.fields import read_fields, steps_at_once
from climcomp_workflows.illustrate.trials import MOST_VALUES, try_bounds
from climcomp_workflows.illustrate.words import Words
from climcomp_workflows.illustrate.worst import Illustrated
from climcomp_workflows.plan.model import VariablePlan

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinishTask:
    """A variable that is accepted or refused.

    Parameters
    ----------
    rung
        That it was stored by.
    illustrated
        Its worst level; None: it gets no figures.
    """

    run: RunKey
    report: VariableReport
    rung: int
    illustrated: Illustrated | None


@dataclass(frozen=True, slots=True)
class Finished:
    """What is published of a variable beside its values.

    Parameters
    ----------
    document
        The figures' data, to be kept under the name that the report gives; None: there are none.
    figures
        None without data, and without matplotlib.
    """

    report: VariableReport
    document: bytes | None = None
    figures: VariableFigures | None = None


def finish_variable(task: FinishTask) -> Finished:
    """Put the report of a variable into words, and make its figures.

    Raises
    ------
    SourceError
        If the source cannot be read, or has changed.
    """
    context = context_of(task.run)
    variable = context.plan.variable(task.report.name)
    words = Words(context.source(variable), variable, context.domain(variable))
    report, chosen = words.report(task.report), task.illustrated
    if chosen is None:
        return Finished(report)
    if not chosen.key:
        return Finished(replace(report, no_figures=chosen.reason))
    try:
        illustration = _titled(from_bytes(context.store.get(chosen.key)), words)
    except (ArchiveError, FileNotFoundError) as error:
        return Finished(replace(report, no_figures=f"the figures' data were lost: {error}"))
    try:
        illustration, trials = _with_fields(context, variable, task, illustration, words)
        document = to_bytes(illustration)
    except ClimcompError:
        raise
    except Exception as error:
        # Pictures are no reason to lose hours of work: what is checked can be published.
        why = f"the figures' data could not be made: {type(error).__name__}: {error}"
        logger.warning("%s: %s. Please report this.", variable.name, why)
        return Finished(replace(report, no_figures=why))
    report = replace(report, figures=data_name(variable.name), trials=trials)
    try:
        figures = draw_variable(report, document)
    except MissingExtraError:
        figures = None
    return Finished(report, document, figures)


def _titled(illustration: Illustration, words: Words) -> Illustration:
    """The illustration headed by what its level is called."""
    name = words.level(illustration.level)
    return (
        replace(illustration, title=f"{illustration.variable} at {name}") if name else illustration
    )


def _with_fields(
    context: RunContext,
    variable: VariablePlan,
    task: FinishTask,
    illustration: Illustration,
    words: Words,
) -> tuple[Illustration, TrialsReport | None]:
    """The illustration with the fields of the worst time, and what other bounds make of these."""
    chosen = task.illustrated
    assert chosen is not None
    if chosen.time is None:
        return illustration, None
    steps = steps_at_once(variable, chosen.time, MOST_VALUES)
    original, decoded, values = read_fields(context, variable, steps, chosen.level)
    domain, at = context.domain(variable), chosen.time - steps.start
    when = ""
    if variable.settings is not None and variable.settings.axes.time is not None:
        date = words.date(chosen.time)
        when = f"step {chosen.time}" + (f" ({date})" if date else "")
    fields = fields_at_worst(original[at], decoded[at], domain, when)
    if fields is not None:
        illustration = with_worst(illustration, fields)
    checks = context.plan.checks
    trials = try_bounds(
        variable,
        variable.ladder[task.rung],
        chosen.level,
        steps,
        original,
        values,
        domain,
        make_limits(checks["limits"]),
        frozenset(checks["off"]),
    )
    return illustration, trials
