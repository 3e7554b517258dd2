"""Which class a variable is of, its valid range, and the error bound it has by default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.errors import BoundError
from climcomp_workflows.quantities import AMBIGUOUS_WINDS, Match, recognise
from climcomp_workflows.quantity_table import ClassLetter
from climcomp_workflows.units import difference_factor, is_percent

Range = tuple[float, float]

CLASS_WORDS: dict[ClassLetter, str] = {
    "C": "continuous", "P": "positive", "B": "bounded", "L": "lossless"
}  # fmt: skip
_LETTERS: dict[str, ClassLetter] = {word: letter for letter, word in CLASS_WORDS.items()}
# Rain of -1e-20 is arithmetic, not a value: what is this small beside the largest counts as 0.
_ROUND_OFF = 1e-6
# Rain and tracers that a model's advection left this little below 0 are rain and tracers still.
_UNDERSHOOT = 0.01
_SIGMA_SHARE = 0.01
_COORDINATE_UNITS = re.compile(r"degrees?_?(north|east|[NE])$|\s*\w+\s+since\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SampleStats:
    """What a sample of a variable looks like; shares are of the finite values.

    `at_top` is the share of values that are exactly 1, or exactly 100 where any value exceeds 1.
    """

    minimum: float
    maximum: float
    mean: float
    median: float
    zeros: float
    at_top: float


@dataclass(frozen=True, slots=True)
class VariableClass:
    """A class letter with the reason, and the range that new values may not leave (F2)."""

    letter: ClassLetter
    reason: str
    valid_range: Range | None

    @property
    def word(self) -> str:
        """The class as recipes write it."""
        return CLASS_WORDS[self.letter]


@dataclass(frozen=True, slots=True)
class DefaultBound:
    """A bound from the table, in the variable's own unit; more than one number: the tighter.

    `sigma_share` is a share of the standard deviation sigma, which a plan estimates.
    """

    absolute: float | None
    relative: float | None
    sigma_share: float | None
    keep_zeros: bool
    text: str

    def bounds(self, sigma: float) -> tuple[ErrorBound, ...]:
        """The bounds that hold together, at most one absolute and one relative.

        Raises
        ------
        BoundError
            If sigma is needed and is zero or undefined: the variable must be lossless.
        """
        absolute = [] if self.absolute is None else [self.absolute]
        if self.sigma_share is not None:
            if not (math.isfinite(sigma) and sigma > 0):
                raise BoundError(f"sigma is {sigma!r}, so {self.text} is no bound")
            absolute.append(self.sigma_share * sigma)
        bounds = [ErrorBound("absolute", min(absolute))] if absolute else []
        if self.relative is not None:
            bounds.append(ErrorBound("pointwise_relative", self.relative))
        return tuple(bounds)


def sample_stats(values: NDArray[np.floating]) -> SampleStats | None:
    """The statistics of the finite values of a sample of any shape; None where there are none."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return None
    maximum = float(finite.max())
    top = 100.0 if maximum > 1.0 else 1.0
    return SampleStats(
        minimum=float(finite.min()),
        maximum=maximum,
        mean=float(finite.mean()),
        median=float(np.median(finite)),
        zeros=float(np.mean(finite == 0)),
        at_top=float(np.mean(finite == top)),
    )


def classify(
    name: str,
    attributes: Mapping[str, object],
    sample: SampleStats | None = None,
    *,
    recipe_class: str | None = None,
    recipe_range: Range | None = None,
) -> VariableClass:
    """The class of a variable: the recipe's, else by CF and name, else by its values.

    Parameters
    ----------
    attributes
        As in the file; `flag_values` and `flag_meanings` make it lossless.
    sample
        Values as a reader of the source sees them; corrects a name that the values contradict.
    recipe_class, recipe_range
        What the recipe says, which wins.

    Notes
    -----
    The valid range is the recipe's, else the file's (`valid_range`, `valid_min`, `valid_max`), else
    the class's. An end that the sample is beyond is left open: there F2 has nothing to say.
    """
    match = recognise(name, attributes)
    if recipe_class is not None:
        letter, reason = _LETTERS[recipe_class], "the recipe says so"
    elif "flag_values" in attributes or "flag_meanings" in attributes:
        letter, reason = "L", "it holds flags"
    elif _COORDINATE_UNITS.match(str(attributes.get("units", ""))):
        letter, reason = "L", f"its unit {attributes['units']!r} is one of coordinates"
    else:
        letter, reason = _by_name_and_values(match, sample)
    limits = recipe_range or _file_range(attributes)
    if limits is None:
        limits = _opened(_class_range(letter, match, attributes, sample), sample)
    return VariableClass(letter, reason, limits)


def _by_name_and_values(match: Match | None, sample: SampleStats | None) -> tuple[ClassLetter, str]:
    if match is None:
        return _by_values(sample)
    letter, by = match.quantity.letter, match.by
    if letter in ("P", "B") and sample is not None and _goes_negative(sample, _UNDERSHOOT):
        return "C", f"{by} is {CLASS_WORDS[letter]}, but values go down to {sample.minimum:.3g}"
    return letter, f"{match.quantity.label}, by {by}"


def _by_values(sample: SampleStats | None) -> tuple[ClassLetter, str]:
    if sample is None:
        return "C", "nothing says otherwise"
    if sample.maximum == 1.0 and sample.zeros + sample.at_top > 1 - _ROUND_OFF:
        return "L", "it holds nothing but 0 and 1"
    if sample.minimum == 0 and sample.zeros > 0 and sample.at_top > 0:
        for top in (1.0, 100.0):
            if sample.maximum == top:
                return "B", f"its values lie in 0 to {top:g} and reach both ends"
    # A quarter of zeros and a mean of twice the median: rain-like, and not a field of gaps alone.
    heavy = sample.mean > 2 * sample.median
    if sample.minimum >= 0 and sample.zeros >= 0.25 and heavy:
        return "P", f"its values are never negative and {sample.zeros:.0%} of them are 0"
    return "C", "nothing in its names or values says otherwise"


def _goes_negative(sample: SampleStats, share: float) -> bool:
    return sample.minimum < -share * max(abs(sample.maximum), abs(sample.minimum))


def _file_range(attributes: Mapping[str, object]) -> Range | None:
    """CF's valid range, in the unit of the stored values; None for packed ones or nonsense."""
    if "scale_factor" in attributes or "add_offset" in attributes:
        return None
    both = np.atleast_1d(np.asarray(attributes.get("valid_range", ())))
    ends = (
        both
        if both.size == 2
        else (attributes.get("valid_min", -math.inf), attributes.get("valid_max", math.inf))
    )
    try:
        low, high = (float(np.asarray(end).reshape(-1)[0]) for end in ends)
    except (TypeError, ValueError, IndexError):
        return None
    return (low, high) if low < high and (low, high) != (-math.inf, math.inf) else None


def _class_range(
    letter: ClassLetter,
    match: Match | None,
    attributes: Mapping[str, object],
    sample: SampleStats | None,
) -> Range | None:
    if letter == "P":
        return 0.0, math.inf
    if letter != "B":
        return None
    if match is not None and not match.quantity.tops_out:
        return 0.0, math.inf
    units = attributes.get("units")
    text = units if isinstance(units, str) else None
    # Some files hold 0 to 1 and say %, others hold 0 to 100 and say nothing: the values decide.
    hundred = is_percent(text) or (
        not text and sample is not None and 1.0 < sample.maximum <= 100.0
    )
    return 0.0, 100.0 if hundred else 1.0


def _opened(limits: Range | None, sample: SampleStats | None) -> Range | None:
    if limits is None or sample is None:
        return limits
    low, high = limits
    if _goes_negative(sample, _ROUND_OFF) and low == 0:
        low = -math.inf
    if sample.maximum > high * (1 + _ROUND_OFF):
        high = math.inf
    return (low, high) if (low, high) != (-math.inf, math.inf) else None


def default_bound(
    name: str, attributes: Mapping[str, object], letter: ClassLetter
) -> DefaultBound | None:
    """The bound of the table for a variable, in its own unit; None for class L.

    Whatever the table does not name, or names in a unit that does not convert, has 0.01 sigma;
    of class P the tighter of 1 % and 0.01 sigma, so that its zeros are kept.
    """
    if letter == "L":
        return None
    keep_zeros = letter == "P"
    match = recognise(name, attributes)
    if match is None or match.quantity.letter != letter:
        relative = 0.01 if keep_zeros else None
        text = "the tighter of 1 % and 0.01 sigma" if keep_zeros else "0.01 sigma"
        return DefaultBound(None, relative, _SIGMA_SHARE, keep_zeros, text)
    quantity = match.quantity
    absolute, sigma_share = None, quantity.sigma_share
    parts = []
    if quantity.absolute is not None:
        units = attributes.get("units")
        factor, _ = difference_factor(quantity.unit, units if isinstance(units, str) else None)
        absolute = float(f"{quantity.absolute * factor:.15g}")
        parts.append(f"{quantity.absolute:g} {quantity.unit}".removesuffix(" 1"))
        if match.by == f"name {name}" and name.rpartition("/")[2].lower() in AMBIGUOUS_WINDS:
            sigma_share = _SIGMA_SHARE
    if quantity.relative is not None:
        parts.append(f"{quantity.relative * 100:g} %")
    if sigma_share is not None:
        parts.append(f"{sigma_share:g} sigma")
    text = parts[0] if len(parts) == 1 else f"the tighter of {' and '.join(parts)}"
    return DefaultBound(
        absolute, quantity.relative, sigma_share, keep_zeros, f"{text} ({quantity.label})"
    )
