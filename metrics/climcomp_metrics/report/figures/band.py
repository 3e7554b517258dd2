"""A band about zero inside which a criterion is content, painted alike in all figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.report.figures.style import GREEN, VERMILLION, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 1.25


def paint_band(axes: Axes, warn: float, fail: float, top: float, name: str) -> None:
    """An axis about zero: green up to WARN on both sides, dashed lines at FAIL; nothing for NaN.

    Parameters
    ----------
    warn, fail
        In the unit of the axis, already multiplied by its factor.
    top
        Where the axis ends, in the same unit.
    name
        Of the criterion: "C1".
    """
    axes.set_ylim(-top, top)
    if math.isfinite(warn):
        axes.axhspan(
            -warn, warn, facecolor=GREEN, alpha=0.18, linewidth=0, label=f"inside {name}'s limit"
        )
    if fail < top:
        label = f"{name} fails beyond"
        for limit in (-fail, fail):
            axes.axhline(limit, color=VERMILLION, linewidth=1.0, dashes=(5, 2), label=label)
            label = "_"


def reach(values: NDArray[np.floating], warn: float) -> float:
    """How far an axis about zero reaches: all values, and the green band for comparison."""
    sizes = np.abs(values[np.isfinite(values)])
    most = float(sizes.max()) if sizes.size else 0.0
    return ROOM * max(most, warn if math.isfinite(warn) else 0.0) or 1.0


def legend_above(axes: Axes, columns: int = 3) -> None:
    """A legend in a line above the axes, where it hides nothing; none where nothing is named."""
    if not axes.get_legend_handles_labels()[0]:
        return
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.01), ncols=columns, borderpad=0.0,
        handletextpad=0.5,
    )  # fmt: skip


def plain_ticks(axes: Axes, across: int = 0, up: int = 0) -> None:
    """At most so many ticks along x and y, 0: as they are, with numbers as the text has them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, most in ((axes.xaxis, across), (axes.yaxis, up)):
        if most:
            axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: signed(value, 6)))
