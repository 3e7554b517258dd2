"""All figures of a variable, drawn from what its archive keeps of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from climcomp.errors import ArchiveError
from climcomp_metrics.report.figures import (
    Drawing,
    Illustration,
    RatePoint,
    draw_errors,
    draw_ladder,
    draw_maps,
    draw_rate,
    draw_return_levels,
    draw_series,
    draw_spectrum,
    draw_tails,
    draw_worst,
    from_bytes,
)
from climcomp_metrics.report.figures.drawing import require_matplotlib
from climcomp_metrics.report.figures.illustration import Part
from climcomp_metrics.report.model import VariableReport

logger = logging.getLogger(__name__)

Draw = Callable[[], tuple[Drawing, ...] | Drawing | None]

_NAMES: dict[Part, str] = {
    "maps": "Maps of the errors",
    "worst": "Original and reconstruction at the worst time",
    "spectrum": "Spectra",
    "tails": "Tails",
    "return_levels": "Return levels",
    "series": "Mean by time",
    "errors": "Distribution of the errors",
}


@dataclass(frozen=True, slots=True)
class VariableFigures:
    """The figures of one variable, of the level that came nearest to its limits.

    Parameters
    ----------
    name
        Of the variable.
    title
        The variable and the level.
    absent
        What is not among the drawings, and why: one text for each.
    """

    name: str
    title: str
    drawings: tuple[Drawing, ...] = ()
    absent: tuple[str, ...] = ()


def draw_variable(variable: VariableReport, stored: bytes | None) -> VariableFigures:
    """Draw a variable's figures.

    What cannot be drawn is told in `absent`: nothing here keeps a report from being written.

    Parameters
    ----------
    stored
        The document that `variable.figures` names; None: it is damaged or gone.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    require_matplotlib()
    drawings: list[Drawing] = []
    absent: list[str] = []
    illustration: Illustration | None = None
    if stored is not None:
        try:
            illustration = from_bytes(stored)
        except ArchiveError as error:
            absent.append(str(error))
    elif variable.figures:
        absent.append(f"{variable.figures} is damaged or gone: restore it from a copy")
    elif variable.no_figures:
        absent.append(variable.no_figures)

    def add(name: str, draw: Draw) -> None:
        try:
            found = draw()
        except Exception as error:
            # Whatever a figure trips over, the page is worth having without it.
            logger.warning("%s: %s: %s: %s", variable.name, name, type(error).__name__, error)
            absent.append(f"{name}: could not be drawn ({type(error).__name__}: {error})")
            return
        drawings.extend(found if isinstance(found, tuple) else (found,) if found else ())

    title = variable.name
    if illustration is not None:
        title = illustration.title
        for part, draw in _of_level(illustration, variable).items():
            add(_NAMES[part], draw)
        absent += (f"{_NAMES[part]}: {why}" for part, why in illustration.absent.items())
    add("Size against error", lambda: _rate(variable, title))
    add("Settings tried", lambda: draw_ladder(variable.attempts, variable.name))
    return VariableFigures(variable.name, title, tuple(drawings), tuple(absent))


def _of_level(illustration: Illustration, variable: VariableReport) -> dict[Part, Draw]:
    """In the order of the page."""
    verdicts, bound = variable.verdicts, _bound_of(variable, illustration.level)
    return {
        "maps": lambda: draw_maps(illustration),
        "worst": lambda: draw_worst(illustration),
        "spectrum": lambda: draw_spectrum(illustration, verdicts),
        "tails": lambda: draw_tails(illustration, verdicts),
        "return_levels": lambda: draw_return_levels(illustration, verdicts),
        "series": lambda: draw_series(illustration, verdicts),
        "errors": lambda: draw_errors(illustration, verdicts, bound),
    }


def _bound_of(variable: VariableReport, level: int) -> float | None:
    """The absolute bound of a level; None where it has none or nobody knows it."""
    bound = variable.bound
    if bound is None or bound.kind != "absolute" or not bound.kept:
        return None
    return bound.kept[level] if level < len(bound.kept) else bound.kept[0]


def _rate(variable: VariableReport, title: str) -> Drawing | None:
    found = variable.trials
    if found is None:
        return None
    points = [
        RatePoint(trial.setting, trial.stored_bytes, trial.largest_error, trial.failed)
        for trial in found.trials
    ]
    drawing = draw_rate(points, found.raw_bytes, title, found.unit)
    if drawing is None:
        return None
    kept = "" if found.kept is None else f" The archive has {points[found.kept].setting}."
    return replace(drawing, caption=f"{drawing.caption} Tried on {found.piece}.{kept}")
