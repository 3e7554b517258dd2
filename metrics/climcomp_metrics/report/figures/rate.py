"""How much smaller a variable gets at which error, and which suite is the first to object."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.band import legend_above
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    VERMILLION,
    WIDTH,
    labelled,
    scaled,
)
from climcomp_metrics.report.parts import AttemptReport
from climcomp_metrics.report.quantity import enumerated, number_text, times
from climcomp_metrics.report.verdicts import SUITE_NAMES, suite_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 19
_SHORT = {
    "Physical": "Phys", "Pointwise": "Point", "Distribution": "Distr", "Extremes": "Extr",
    "Spectral": "Spec", "Conservation": "Cons", "Structure": "Struct", "Temporal": "Temp",
}  # fmt: skip
_CRITERION = re.compile(r"(?:^|; |, )([A-WYZ]\d{1,2}(?:-[\w-]+)?|X-[\w-]+)\b")


@dataclass(frozen=True, slots=True)
class RatePoint:
    """A setting that was tried.

    Parameters
    ----------
    setting
        In words: "sz3 at 0.01 K".
    stored_bytes
        What the variable takes with it.
    largest_error
        Reached, in the unit of the variable.
    failed
        The criteria that failed, by id; empty where all was well.
    """

    setting: str
    stored_bytes: int
    largest_error: float
    failed: tuple[str, ...] = ()


def draw_rate(points: Sequence[RatePoint], raw_bytes: int, title: str, unit: str) -> Drawing | None:
    """Ratio against largest error, and below it from which error on each suite fails.

    Returns
    -------
    None for fewer than two settings with an error.
    """
    known = sorted(
        (p for p in points if p.largest_error > 0 and p.stored_bytes > 0),
        key=lambda p: p.largest_error,
    )
    if len(known) < 2:
        return None
    first = first_failures(known)
    sound = [p for p in known if not p.failed]
    best = max(sound, key=lambda p: raw_bytes / p.stored_bytes, default=None)
    found = (
        f"{best.setting} gives {times(raw_bytes / best.stored_bytes)} and fails nothing"
        if best
        else "every setting fails something"
    )
    objections = [f"{suite} from {point.setting} on" for suite, point in first.items()]
    said = f"; the first to fail: {enumerated(objections)}" if objections else ""
    height = 229 + ROW * len(first)
    work = partial(_paint_rate, points=known, first=first, raw_bytes=raw_bytes, unit=unit)
    return render(
        work, WIDTH, height, f"{title}: size against error",
        "Each point is a setting that was tried: the further right, the larger its largest error; "
        "the higher, the smaller the archive."
        + (" Below, each suite that fails anything, from the first setting that it fails on."
           if first else ""),
        f"Compression ratio of {title} against its largest error: {found}{said}.",
    )  # fmt: skip


def first_failures(points: Sequence[RatePoint]) -> dict[str, RatePoint]:
    """The setting of the smallest error that each suite fails, in the order of these errors."""
    found: dict[str, RatePoint] = {}
    for point in sorted(points, key=lambda p: p.largest_error):
        for criterion in point.failed:
            found.setdefault(_suite(criterion), point)
    return found


def _suite(criterion: str) -> str:
    return suite_of(Verdict(criterion, "", "fail", None, "", None, None, ""))


def _paint_rate(
    figure: Figure,
    points: Sequence[RatePoint],
    first: dict[str, RatePoint],
    raw_bytes: int,
    unit: str,
) -> None:
    total = 229 + ROW * len(first)
    strip = ROW * len(first)
    # The strip of suites stands between the curve and the axis of errors.
    axes = figure.add_axes((0.225, (48 + strip) / total, 0.75, (total - 48 - strip - 26) / total))
    errors = [p.largest_error for p in points]
    factor, printed = scaled(errors[-1], unit)
    axes.plot(
        [e * factor for e in errors], [raw_bytes / p.stored_bytes for p in points], color=BLUE,
        linewidth=1.2,
    )  # fmt: skip
    for sound, colour, marker, name in (
        (True, GREEN, "o", "nothing fails"),
        (False, VERMILLION, "X", "something fails"),
    ):
        mine = [p for p in points if (not p.failed) == sound]
        if mine:
            axes.plot(
                [p.largest_error * factor for p in mine],
                [raw_bytes / p.stored_bytes for p in mine], marker, color=colour, markersize=7,
                markeredgewidth=0, label=name,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_ylabel("raw size / stored size")
    axes.set_ylim(0, None)
    legend_above(axes)
    low, high = math.log10(errors[0] * factor), math.log10(errors[-1] * factor)
    ends = 10 ** (low - 0.08 * (high - low) - 0.05), 10 ** (high + 0.08 * (high - low) + 0.05)
    below = axes
    if first:
        below = figure.add_axes((0.225, 46 / total, 0.75, strip / total), sharex=axes)
        for row, (_, point) in enumerate(first.items()):
            at = point.largest_error * factor
            below.plot([ends[0], at], [row, row], color=GREEN, linewidth=3.0, alpha=0.6)
            below.plot([at, ends[1]], [row, row], color=VERMILLION, linewidth=1.2,
                       linestyle=(0, (2, 2)))  # fmt: skip
            below.plot(at, row, "X", color=VERMILLION, markersize=7, markeredgewidth=0)
        below.set_yticks(range(len(first)), list(first))
        below.set_ylim(len(first) - 0.4, -0.6)
        below.grid(False, axis="y")
        below.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelbottom=False)
    axes.set_xlim(*ends)
    below.minorticks_off()
    ticks = [
        one * 10.0**power
        for power in range(math.floor(low) - 1, math.ceil(high) + 1)
        for one in (1, 2, 5)
        if ends[0] <= one * 10.0**power <= ends[1]
    ]
    ticks = ticks[:: -(-len(ticks) // 6)]
    below.set_xticks(ticks, [number_text(tick) for tick in ticks])
    below.set_xlabel(labelled("largest error", printed))


def draw_ladder(attempts: Sequence[AttemptReport], title: str) -> Drawing | None:
    """The settings that were tried in their order, and the criteria that each of them failed.

    Returns
    -------
    None where the first attempt was kept: there is nothing to tell.
    """
    if len(attempts) < 2 and not any(attempt.failed for attempt in attempts):
        return None
    failed = [_by_suite(attempt) for attempt in attempts]
    suites = [name for name in SUITE_NAMES if any(name in f for f in failed)]
    height = 44 + ROW * len(attempts)
    work = partial(_paint_ladder, attempts=attempts, failed=failed, suites=suites)
    told = [
        f"{attempt.rung} fails {', '.join(i for ids in found.values() for i in ids)}"
        if attempt.failed
        else f"{attempt.rung} is kept"
        for attempt, found in zip(attempts, failed, strict=True)
    ]
    return render(
        work, WIDTH, height, f"{title}: settings tried",
        "From the first setting tried, at the top, to the one that was kept, with the criteria "
        "that each failed.",
        f"Settings tried for {title}: {'; '.join(told)}.",
    )  # fmt: skip


def _by_suite(attempt: AttemptReport) -> dict[str, list[str]]:
    """The ids of the criteria that an attempt failed, by suite, each once."""
    found: dict[str, list[str]] = {}
    for text in attempt.failed:
        for criterion in _CRITERION.findall(text) or [text.split(" ")[0]]:
            ids = found.setdefault(_suite(criterion), [])
            if criterion not in ids:
                ids.append(criterion)
    return found


def _paint_ladder(
    figure: Figure,
    attempts: Sequence[AttemptReport],
    failed: list[dict[str, list[str]]],
    suites: list[str],
) -> None:
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.axis("off")
    axes.set(xlim=(0, WIDTH), ylim=(44 + ROW * len(attempts), 0))
    columns = [188 + (WIDTH - 192) * (n + 0.5) / max(len(suites), 1) for n in range(len(suites))]
    for suite, x in zip(suites, columns, strict=True):
        name = suite if len(suites) < 4 else _SHORT.get(suite, suite)
        axes.text(x, 14, name, ha="center", fontsize=9)
    for row, (attempt, found) in enumerate(zip(attempts, failed, strict=True)):
        y = 24 + ROW * row
        axes.plot([4, WIDTH - 4], [y - 2, y - 2], color=INK, linewidth=0.4, alpha=0.4)
        axes.text(22, y + 12, _cut(attempt.rung, 28), fontsize=10)
        marker, colour = ("X", VERMILLION) if attempt.failed else ("o", GREEN)
        axes.plot(11, y + 8, marker, color=colour, markersize=7, markeredgewidth=0)
        if not attempt.failed:
            axes.text(WIDTH - 6, y + 12, "kept", ha="right", fontsize=10)
        for suite, x in zip(suites, columns, strict=True):
            if suite in found:
                first, *more = found[suite]
                said = f"{first} +{len(more)}" if more else first
                axes.text(x, y + 12, said, ha="center", fontsize=10)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
