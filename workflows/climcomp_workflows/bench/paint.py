"""Curves of several codecs on one sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from climcomp_metrics.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    exponent_tick,
)
from climcomp_metrics.report.quantity import number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 260
ROW = 19
_ABOVE, _BELOW, _BETWEEN, _LEGEND_ROW = 12, 46, 14, 15
_LEFT, _RIGHT = 0.15, 0.025
_SUITES_LEFT = 0.225  # names of suites stand there
_LOG_FROM = 20.0  # a span of values below this is shown evenly

PURPLE, OCHRE = "#b86cc0", "#a87d1f"
"""Ours, beside the report's three: 3.5 to 1 or more from white and from the dark page."""

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)
_MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">")


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, marker and line of a curve; every curve differs in its marker, too."""

    colour: str
    marker: str
    dashed: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A setting: filled where it is `sound`, in a ring where a run would begin with it."""

    x: float
    y: float
    sound: bool
    ringed: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a curve, in the order of its bounds."""

    label: str
    look: Look
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the sheet, and what stands beside it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What one pair of axes shows.

    Parameters
    ----------
    level
        Horizontal lines, of codecs that have no bounds.
    limits
        Upright lines: "warns" and "fails".
    """

    series: Sequence[Series]
    up: str
    level: Sequence[Line] = ()
    limits: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a curve begins to fail a suite."""

    x: float
    look: Look


def looks(curves: Sequence[tuple[str, str]]) -> dict[str, Look]:
    """A look for each curve, given as label and codec: curves of one codec share its colour."""
    codecs = list(dict.fromkeys(codec for _, codec in curves))
    found = {}
    for number, (label, codec) in enumerate(curves):
        colour = _COLOURS[codecs.index(codec) % len(_COLOURS)]
        found[label] = Look(colour, _MARKERS[number % len(_MARKERS)], label != codec)
    return found


def paint(
    figure: Figure,
    panels: Sequence[Panel],
    across: str,
    height: int,
    marks: Mapping[str, Sequence[Mark]] | None = None,
) -> None:
    """Panels one above another over one axis across, a legend above and strips below them.

    Parameters
    ----------
    marks
        One strip for each suite.
    height
        Of the sheet, in pixels.
    """
    marks = marks or {}
    series = panels[0].series
    columns = 3 if max((len(one.label) for one in series), default=0) <= 12 else 2
    strip = ROW * len(marks)
    top = _ABOVE + _LEGEND_ROW * math.ceil(len(series) / columns)
    left = _SUITES_LEFT if marks else _LEFT
    wide = 1.0 - left - _RIGHT
    each = (height - top - strip - _BELOW - _BETWEEN * (len(panels) - 1)) / len(panels)
    drawn: list[Axes] = []
    for number, panel in enumerate(panels):
        low = height - top - each - number * (each + _BETWEEN)
        shared = drawn[0] if drawn else None
        axes = figure.add_axes((left, low / height, wide, each / height), sharex=shared)
        _fill(axes, panel)
        drawn.append(axes)
    drawn[0].legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.01), ncols=columns, borderpad=0.0,
        handletextpad=0.5,
    )  # fmt: skip
    if marks:
        last = figure.add_axes((left, _BELOW / height, wide, strip / height), sharex=drawn[0])
        _strips(last, marks)
        drawn.append(last)
    for axes in drawn[:-1]:
        axes.tick_params(axis="x", labelbottom=False)
    drawn[-1].set_xlabel(across)
    if drawn[-1].get_xscale() == "log":
        _ticks(drawn[-1], drawn[-1].get_xlim())


def _fill(axes: Axes, panel: Panel) -> None:
    xs = [p.x for one in panel.series for p in one.points]
    left = _scale(axes, [*xs, *(line.at for line in panel.limits)])
    for one in panel.series:
        _curve(axes, one, left)
    for line in panel.level:
        axes.axhline(line.at, color=INK, linewidth=0.9, dashes=(1.5, 2))
        axes.annotate(
            line.label, (1.0, line.at), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", fontsize=9,
        )  # fmt: skip
    for line in panel.limits:
        colour = VERMILLION if line.label == "fails" else GREY
        axes.axvline(line.at, color=colour, linewidth=1.0, dashes=(5, 2))
    ys = [p.y for one in panel.series for p in one.points] + [line.at for line in panel.level]
    _up(axes, ys, panel.up)


def _scale(axes: Axes, xs: Sequence[float]) -> float:
    """Set the axis across; its left end, where a logarithmic one has what is not above zero."""
    from matplotlib.ticker import MaxNLocator

    positive = [x for x in xs if x > 0]
    if positive and min(xs) >= 0 and max(positive) >= _LOG_FROM * min(positive):
        low, high = math.log10(min(positive)), math.log10(max(positive))
        room = 0.05 * (high - low)
        gap = 3 * room if min(xs) == 0 else room
        ends = 10 ** (low - gap), 10 ** (high + room)
        axes.set_xscale("log")
        axes.set_xlim(*ends)
        return ends[0]
    low, high = min(xs), max(xs)
    room = 0.05 * ((high - low) or abs(high) or 1.0)
    axes.set_xlim(low - room, high + room)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    return low - room


def _curve(axes: Axes, one: Series, left: float) -> None:
    look = one.look
    x = [max(p.x, left) for p in one.points]
    y = [p.y for p in one.points]
    axes.plot(
        x, y, color=look.colour, linewidth=1.2, linestyle=(0, (4, 2)) if look.dashed else "-",
        marker=look.marker, markersize=6, markeredgewidth=0, label=one.label, markevery=[],
    )  # fmt: skip
    for sound in (True, False):
        mine = [(a, b) for a, b, p in zip(x, y, one.points, strict=True) if p.sound == sound]
        if mine:
            axes.plot(
                *zip(*mine, strict=True), look.marker, color=look.colour, markersize=6,
                markerfacecolor=look.colour if sound else "none", markeredgewidth=1.2,
            )  # fmt: skip
    rings = [(a, b) for a, b, p in zip(x, y, one.points, strict=True) if p.ringed]
    if rings:
        axes.plot(
            *zip(*rings, strict=True), "o", color=INK, markersize=13, markerfacecolor="none",
            markeredgewidth=1.2,
        )  # fmt: skip


def _up(axes: Axes, ys: Sequence[float], label: str) -> None:
    from matplotlib.ticker import NullFormatter, NullLocator

    low, high = min(ys), max(ys)
    axes.set_ylabel(label)
    if high < 3 * low:
        axes.set_ylim(0, 1.1 * high)
        return
    ends = low / 1.25, high * 1.25
    axes.set_yscale("log")
    axes.set_ylim(*ends)
    ticks = _round_numbers(ends, 6)
    axes.set_yticks(ticks, [number_text(tick) for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _ticks(axes: Axes, ends: tuple[float, float]) -> None:
    from matplotlib.ticker import NullLocator

    axes.xaxis.set_minor_locator(NullLocator())
    ticks = _round_numbers(ends, 5)
    small = ticks[0] < 1e-3 or ticks[-1] >= 1e5
    texts = [exponent_tick(tick) if small else number_text(tick) for tick in ticks]
    axes.set_xticks(ticks, texts)


def _round_numbers(ends: tuple[float, float], most: int) -> list[float]:
    """Round numbers between the ends, so many at most, down to powers of ten alone."""
    powers = range(math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1])) + 1)
    for digits in ((1, 1.5, 2, 3, 4, 6, 8), (1, 2, 5), (1, 3), (1,)):
        found = [d * 10.0**p for p in powers for d in digits if ends[0] <= d * 10.0**p <= ends[1]]
        if len(found) <= most:
            return found or [math.sqrt(ends[0] * ends[1])]
    return found[:: math.ceil(len(found) / most)]


def _strips(axes: Axes, marks: Mapping[str, Sequence[Mark]]) -> None:
    for row, mine in enumerate(marks.values()):
        for number, mark in enumerate(mine):
            # Curves that begin to fail at one bound stand a little apart.
            y = row + 0.44 * ((number + 0.5) / len(mine) - 0.5)
            axes.plot(
                mark.x, y, mark.look.marker, color=mark.look.colour, markersize=6,
                markerfacecolor="none", markeredgewidth=1.2,
            )  # fmt: skip
    axes.set_yticks(range(len(marks)), list(marks))
    axes.set_ylim(len(marks) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
