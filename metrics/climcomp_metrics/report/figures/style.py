"""Colours, fonts, units and numbers of the figures.

Lines take the blue, vermillion and green of Okabe and Ito (2008, "Color universal design"), which
readers with any of the common colour deficiencies tell apart; the blue is paler than theirs, so
that all three stand out by more than 3 to 1 both from white and from the page's dark background.
Dashes, markers and words say the same a second time. Maps
take ColorBrewer's RdBu for what has a sign and viridis for what has none, in steps that a reader
can find in the colour bar.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from climcomp_metrics.report.quantity import number_text

INK = "#010203"
"""Nothing else is drawn in it: it stands for the colour of the page's own text."""

BLUE = "#2085cc"
VERMILLION = "#d55e00"
GREEN = "#009e73"
GREY = "#7f8790"

MISSING = "#c3c8cd"
"""Pixels of maps without a value, on light pages and on dark ones."""
COAST = "#1c2126"

FONT_SIZE = 11.0
SMALL = 10.0

WIDTH = 400
"""Pixels of every figure: three in a row on a wide page, one on a phone."""

RC: dict[Any, Any] = {  # Any: matplotlib lists its names one by one
    "svg.fonttype": "none",
    "svg.hashsalt": "climcomp",
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "axes.titlesize": FONT_SIZE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 5.0,
    "axes.labelpad": 3.0,
    "axes.linewidth": 0.8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "grid.color": GREY,
    "grid.alpha": 0.35,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "butt",
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "image.interpolation": "none",
    "image.composite_image": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.usetex": False,
    "text.parse_math": False,
}

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\b([A-Za-z]+)(?:\*\*|\^)?(-?\d+)(?![\w.])")
_WORDS = {"degC": "°C", "degrees_C": "°C", "deg_C": "°C", "celsius": "°C", "percent": "%", "1": ""}


def unit_text(unit: str) -> str:
    """A unit as it is printed: "kg m⁻² s⁻¹" for "kg m-2 s-1"; empty for a pure number."""
    unit = unit.strip()
    if unit in _WORDS:
        return _WORDS[unit]
    return _POWER.sub(lambda found: found[1] + found[2].translate(_SUPERSCRIPTS), unit)


def power_of_ten(exponent: int) -> str:
    """10 with its exponent: "10⁻⁸"."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def scaled(size: float, unit: str) -> tuple[np.float64, str]:
    """A factor that makes numbers of this size readable, and the unit that goes with it.

    Nothing is changed from 0.001 to 100,000; else a power of ten is taken out: 3e-9 m/s are 3 in
    "10⁻⁹ m/s".
    """
    printed = unit_text(unit)
    if not (math.isfinite(size) and size > 0) or 1e-3 <= size < 1e5:
        return np.float64(1.0), printed
    exponent = 3 * math.floor(math.log10(size) / 3.0)
    # NumPy's own type: with Python's, arrays in float32 would stay that and overflow.
    return np.float64(10.0**-exponent), f"{power_of_ten(exponent)} {printed}".rstrip()


def labelled(name: str, unit: str) -> str:
    """An axis label: the name with its unit in brackets."""
    return f"{name} ({unit})" if unit else name


def signed(value: float, digits: int = 3) -> str:
    """A number with a true minus."""
    return number_text(value if abs(value) > 1e-300 else 0.0, digits).replace("-", MINUS)


def exponent_tick(value: float, _: object = None) -> str:
    """The label of a tick on a logarithmic axis."""
    if value <= 0:
        return "0"
    exponent = math.log10(value)
    if -2.5 < exponent < 4.5:
        return f"{value:,.10g}"
    whole = round(exponent)
    return power_of_ten(whole) if abs(exponent - whole) < 1e-6 else ""
