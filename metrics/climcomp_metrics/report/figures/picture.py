"""Paint a small picture on its frame: pixels with coastlines, points, or a line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.report.figures.band import plain_ticks
from climcomp_metrics.report.figures.coast import simple_coast
from climcomp_metrics.report.figures.colours import FIELD, Scale
from climcomp_metrics.report.figures.frame import Frame
from climcomp_metrics.report.figures.style import BLUE, COAST, INK, MISSING, WIDTH, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, TOP, BOTTOM = 40, 12, 6, 62
"""Pixels about a map: latitudes, margin, margin, and longitudes with the colour bar."""

TALLEST = 230
ROW_HEIGHT = 150
MOST_LABELS = 7
LABEL_WIDTH, LABEL_HEIGHT = 52, 34

_DEGREES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 90)


def sheet_height(frame: Frame) -> int:
    """How high the figure of a frame is, in pixels."""
    return round(_box(frame)[1]) + TOP + _bottom(frame)


def _bottom(frame: Frame) -> int:
    """Pixels below a map; rows and columns of cells need a line more to say so."""
    return BOTTOM + (14 if frame.kind == "cells" else 0)


def paint(
    figure: Figure,
    frame: Frame,
    picture: NDArray[np.floating],
    scale: Scale,
    factor: float,
    label: str,
    mark: tuple[float, float] | None = None,
) -> None:
    """Paint a picture with its colour bar.

    Parameters
    ----------
    scale
        In the unit of the picture.
    factor, label
        What values are multiplied by to be printed, and what the colour bar is called then.
    mark
        A place to ring, in the frame's units.
    """
    if frame.kind == "row":
        _paint_row(figure, frame, picture * factor, label, mark)
        return
    width, height = _box(frame)
    total = TOP + _bottom(frame) + height
    left = LEFT + 0.5 * (WIDTH - LEFT - RIGHT - width)
    box = (left / WIDTH, _bottom(frame) / total, width / WIDTH, height / total)
    axes = figure.add_axes(box)
    colours, norm = _colours(scale)
    if frame.kind == "points":
        axes.set_facecolor("none")
        axes.scatter(
            frame.lon, frame.lat, c=picture.reshape(-1), cmap=colours, norm=norm, s=40,
            edgecolors=INK, linewidths=0.6, zorder=3,
        )  # fmt: skip
    else:
        axes.imshow(
            np.ma.masked_invalid(picture), origin="lower", aspect="auto", cmap=colours, norm=norm,
            extent=(frame.west, frame.east, frame.south, frame.north),
        )  # fmt: skip
    axes.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
    axes.grid(False)
    axes.spines[["top", "right"]].set_visible(True)
    if frame.kind == "cells":
        axes.set_xlabel("x, cell number", labelpad=1)
        axes.set_ylabel("y, cell number")
    else:
        _paint_coast(axes, frame, width)
        _degree_ticks(axes, frame, width, height)
    if mark is not None:
        for colour, thick in (("#ffffff", 3.2), (INK if frame.kind == "points" else COAST, 1.4)):
            axes.plot(
                *mark, "o", markersize=11, fillstyle="none", color=colour, markeredgewidth=thick,
                clip_on=False, zorder=5,
            )  # fmt: skip
    _paint_bar(figure, scale, factor, label, total)


def _box(frame: Frame) -> tuple[float, float]:
    """Width and height of the picture in pixels."""
    width = float(WIDTH - LEFT - RIGHT)
    if frame.kind == "row":
        return width, ROW_HEIGHT
    across, up = frame.east - frame.west, frame.north - frame.south
    if frame.kind != "cells":
        # Half-way up the map a degree of longitude is as long as it is drawn.
        across *= max(math.cos(math.radians(0.5 * (frame.south + frame.north))), 0.3)
    height = width * up / across
    if height > TALLEST:
        return max(width * TALLEST / height, 90.0), TALLEST
    return width, max(height, 60.0)


def _colours(scale: Scale) -> tuple[Any, Any]:  # Any: matplotlib's classes are imported when used
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap

    steps = len(scale.edges) - 1 + scale.below + scale.above
    listed = colormaps[scale.colours](np.linspace(0.04, 0.96, steps))
    if scale.colours == FIELD:
        # Paler than it is, so that dark coastlines show on its dark end.
        listed[:, :3] = 0.75 * listed[:, :3] + 0.25
    first, last = int(scale.below), steps - int(scale.above)
    # The colours of the steps; those beyond are set apart, as the colour bar wants them.
    colours = ListedColormap(listed[first:last]).with_extremes(
        bad=MISSING,
        under=tuple(listed[0]) if scale.below else None,
        over=tuple(listed[-1]) if scale.above else None,
    )
    return colours, BoundaryNorm(scale.edges, last - first)


def _paint_bar(figure: Figure, scale: Scale, factor: float, label: str, total: float) -> None:
    from matplotlib.cm import ScalarMappable

    wide = 0.72
    bar = figure.add_axes(((1 - wide) / 2 + 0.02, 34 / total, wide, 8 / total))
    colours, norm = _colours(scale)
    names = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    shown = figure.colorbar(
        ScalarMappable(norm, colours), cax=bar, orientation="horizontal", spacing="uniform",
        extend=names.get((scale.below, scale.above), "both"), extendfrac=0.05,
    )  # fmt: skip
    shown.outline.set_linewidth(0.6)
    ticks = _labelled(scale.edges)
    shown.set_ticks(list(ticks), labels=[signed(tick * factor) for tick in ticks])
    bar.minorticks_off()
    bar.grid(False)
    for steps in bar.collections:
        steps.set_clip_on(False)
    bar.tick_params(length=2.5, pad=1.5)
    figure.text(0.5, 4 / total, label, ha="center", va="bottom")


def _labelled(edges: tuple[float, ...]) -> tuple[float, ...]:
    """The values that get a number: every second or third edge, alike on both sides of zero."""
    if edges[0] != -edges[-1]:
        return edges[:: -(-len(edges) // MOST_LABELS)]
    # Zero lies in the middle of the pale step.
    side = edges[len(edges) // 2 :][1::2]
    return *(-edge for edge in reversed(side)), 0.0, *side


def _paint_coast(axes: Axes, frame: Frame, width: float) -> None:
    from matplotlib.collections import LineCollection

    lines = simple_coast(
        frame.west, frame.east, frame.south, frame.north, (frame.east - frame.west) / width
    )
    colour = INK if frame.kind == "points" else COAST
    coast = LineCollection(list(lines), colors=colour, linewidths=0.5, zorder=2)
    axes.add_collection(coast, autolim=False)


def _degree_ticks(axes: Axes, frame: Frame, width: float, height: float) -> None:
    across = _ticks(frame.west, frame.east, max(2.0, width / LABEL_WIDTH))
    up = _ticks(frame.south, frame.north, max(2.0, height / LABEL_HEIGHT))
    axes.set_xticks(across, [_degrees((t + 180.0) % 360.0 - 180.0, "E", "W") for t in across])
    axes.set_yticks(up, [_degrees(t, "N", "S") for t in up])


def _ticks(low: float, high: float, most: float) -> list[float]:
    step = next((s for s in _DEGREES if (high - low) / s <= most), 90)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [number * step for number in range(first, last + 1)]


def _degrees(value: float, positive: str, negative: str) -> str:
    size = f"{abs(value):.4g}°"
    if value == 0 or abs(value) == 180:
        return size
    return f"{size}{positive if value > 0 else negative}"


def _paint_row(
    figure: Figure,
    frame: Frame,
    picture: NDArray[np.floating],
    label: str,
    mark: tuple[float, float] | None,
) -> None:
    """One row of values as a line of steps."""
    axes = figure.add_axes((0.17, 0.19, 0.79, 0.76))
    values = picture.reshape(-1)
    edges = np.linspace(frame.west, frame.east, values.size + 1)
    axes.stairs(values, edges, baseline=None, color=BLUE, linewidth=1.2)
    axes.set(xlim=(frame.west, frame.east), xlabel=frame.label, ylabel=label)
    plain_ticks(axes, 6, 5)
    if mark is not None:
        axes.axvline(mark[0], color=INK, linewidth=0.8, dashes=(3, 3))
