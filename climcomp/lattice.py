"""Find out whether values lie on a lattice: packed, rounded to decimals, or bit-rounded at source.

On such values the lowest mantissa bits hold no measurement but the pattern of the lattice, which
`climcomp.information` cannot tell from information.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.rounding import mantissa_bits

LatticeKind = Literal["linear", "decimal", "mantissa"]

# The thresholds below are our own, set so that a full-precision field passes for a lattice with a
# chance of less than 2**-60 where its values are independent.
_SAMPLE = 1 << 20
_FEWEST_DISTINCT = 64
_FEWEST_OF_FEW_BITS = 4  # distinct values, if their unused bits make up for it
_FEWEST_UNUSED_BITS = 4  # lowest mantissa bits that are zero in every value
_OWN_ROUNDINGS = 4  # spacings that products and sums here are off where values have no more bits
_MAGNITUDES = (1e-30, 1e30)  # where steps, spacings and their products cannot overflow


@dataclass(frozen=True, slots=True)
class Lattice:
    """The lattice that values lie on, as far as a sample of them shows.

    Parameters
    ----------
    kind
        `linear`: offset + step * integer, with an offset between 0 and the step. `decimal`: rounded
        to a number of decimals (negative: to tens, hundreds). `mantissa`: only so many mantissa
        bits are in use, so the step grows with the value.
    step, offset
        In the unit of the values; None for `mantissa`.
    decimals
        None but for `decimal`.
    bits
        None but for `mantissa`.
    description
        The same in plain words, for a plan or a report.
    """

    kind: LatticeKind
    step: float | None
    offset: float | None
    decimals: int | None
    bits: int | None
    description: str


def detect_lattice(
    values: NDArray[np.floating], *, missing: Sequence[float] = ()
) -> Lattice | None:
    """The lattice that all values lie on, or None where they use their full precision.

    Parameters
    ----------
    values
        float32 or float64 of any shape; about a million of them are looked at. One lattice must
        hold for all: GRIB packs every field by itself, so give one field at a time there. NaN,
        +-Inf and exact zeros (which may be clipped values) are left out.
    missing
        Fill values and flags to leave out too.

    Returns
    -------
    Lattice or None
        None too where there are too few distinct values to judge by (64, or four where they have
        hardly any bits), where the step is below 12 times the float spacing at the largest
        value (48 times for float64, which has no wider type to compute in), or that value is not
        between 1e-30 and 1e30.

    Raises
    ------
    UsageError
        If the type is neither float32 nor float64.
    """
    mantissa_bits(values.dtype)
    distinct = _distinct_sample(values, missing)
    if distinct.size < _FEWEST_OF_FEW_BITS:
        return None
    found = _of_distinct(distinct)
    if distinct.dtype.itemsize == 4 or distinct.size < _FEWEST_DISTINCT:
        return found
    with np.errstate(over="ignore"):
        narrow = distinct.astype(np.float32)
    if not np.array_equal(narrow, distinct):
        return found
    spacing = float(np.spacing(np.abs(narrow).max()))
    if found is not None and found.step is not None and found.step > 1.5 * spacing:
        return found
    words = "23 of 52 mantissa bits are in use: float64 that hold float32 values"
    return _of_distinct(narrow) or Lattice("mantissa", None, None, None, 23, words)


def _distinct_sample(values: NDArray[np.floating], missing: Sequence[float]) -> NDArray[Any]:
    """The sorted distinct values of a sample, finite and neither zero nor missing."""
    stride = -(-values.size // _SAMPLE)
    sample = values.reshape(-1)[:: max(stride, 1)]
    sample = sample.astype(sample.dtype.newbyteorder("="), copy=False)
    use = np.isfinite(sample) & (sample != 0)
    with np.errstate(over="ignore"):
        for fill in np.asarray(missing, np.float64).astype(sample.dtype):
            use &= sample != fill
    distinct: NDArray[Any] = np.unique(sample[use])
    return distinct


def _of_distinct(distinct: NDArray[Any]) -> Lattice | None:
    """As `detect_lattice`, for sorted distinct values; the widest step that explains them."""
    dyadic = _dyadic(distinct)
    if dyadic is not None and dyadic.kind == "mantissa":
        return dyadic
    found = [dyadic]
    largest = float(np.abs(distinct).max())
    if distinct.size >= _FEWEST_DISTINCT and _MAGNITUDES[0] < largest < _MAGNITUDES[1]:
        found += [_decimal(distinct, largest), _linear(distinct, largest)]
    steps = {lattice: lattice.step for lattice in found if lattice and lattice.step}
    # The first of about the same step: it is the one with the plainest words.
    return next((one for one in steps if steps[one] * 1.5 > max(steps.values())), None)


def _dyadic(distinct: NDArray[Any]) -> Lattice | None:
    """Values whose lowest mantissa bits are all zero: bit-rounded, or multiples of 2**n."""
    stored = mantissa_bits(distinct.dtype)
    words = distinct.view(np.uint32 if stored == 23 else np.uint64)
    used = int(np.bitwise_or.reduce(words)) & ((1 << stored) - 1)
    bits = stored - (used & -used).bit_length() + 1 if used else 0
    unused = stored - bits
    if unused < _FEWEST_UNUSED_BITS or unused * distinct.size < 64:
        return None
    fractions, exponents = np.frexp(distinct.astype(np.float64))
    counts = np.ldexp(fractions, stored + 1).astype(np.int64)
    lowest = np.frexp((counts & -counts).astype(np.float64))[1] - 1 + exponents - stored - 1
    # Of multiples of one step about half are odd multiples. If the largest values are all even
    # ones, the step grows with the value.
    largest = np.argsort(np.abs(distinct))[-16:]
    if lowest[largest].min() > lowest.min():
        text = f"{bits} of {stored} mantissa bits are in use"
        return Lattice("mantissa", None, None, None, bits, text)
    step = math.ldexp(1.0, int(lowest.min()))
    return Lattice("linear", step, 0.0, None, None, f"all values are whole multiples of {step:g}")


def _decimal(distinct: NDArray[Any], largest: float) -> Lattice | None:
    """Values that are decimal fractions, as nearly as their type can hold them."""
    wide = distinct.astype(np.float64)
    spacing = np.spacing(np.abs(distinct)).astype(np.float64)
    digits = math.floor(math.log10(largest))
    for decimals in range(1 - digits, 16 - digits):
        step = 10.0**-decimals
        telling = spacing * 16 <= step  # a random value would pass with a chance of 1/4 at most
        if np.count_nonzero(telling) < max(_FEWEST_DISTINCT, distinct.size // 2):
            return None
        some, near = wide[telling], 2 * spacing[telling]
        for part in (slice(0, None, max(some.size // 256, 1)), slice(None)):
            if (np.abs(some[part] - _to_decimals(some[part], decimals)) > near[part]).any():
                break
        else:
            words = f"rounded to {decimals} decimals" if decimals > 0 else f"rounded to {step:g}"
            return Lattice("decimal", step, 0.0, decimals, None, f"all values are {words}")
    return None


def _to_decimals(values: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    """Rounded to decimals; powers of ten are exact only when they are not fractions."""
    scale = 10.0 ** abs(decimals)
    if decimals >= 0:
        return np.rint(values * scale) / scale
    return np.rint(values / scale) * scale


def _linear(distinct: NDArray[Any], largest: float) -> Lattice | None:
    """Values offset + step * integer, each as far off as unpacking in their type leaves it."""
    wide = distinct.astype(np.float64)
    spacing = float(np.spacing(distinct.dtype.type(max(largest, wide[-1] - wide[0]))))
    if distinct.dtype.itemsize == 8:
        spacing *= _OWN_ROUNDINGS
    step = _common_divisor(np.sort(np.diff(wide)), spacing)
    if step == 0.0:
        return None
    # The step is not yet known well enough to count thousands of them: fit it on a window around
    # the median that doubles until it holds everything.
    middle = float(wide[wide.size // 2])
    away = wide - middle
    window = 8 * step
    while True:
        near = away[np.abs(away) <= window]
        counted = np.rint(near / step)
        if near.size > 2:
            step, shift = (float(number) for number in np.polyfit(counted, near, 1))
            if not np.abs(near - shift - counted * step).max() <= 2 * spacing:
                return None
        if near.size == away.size:
            break
        window *= 2
    offset = (middle + shift) % step
    if min(offset, step - offset) <= 2 * spacing:
        offset = 0.0
    start = f"{offset:.7g} plus " if offset else ""
    text = f"all values are {start}whole multiples of {step:.7g}, as unpacked integers are"
    return Lattice("linear", step, offset, None, None, text)


def _common_divisor(gaps: NDArray[np.float64], spacing: float) -> float:
    """What the smallest of the sorted gaps are multiples of, give or take a few spacings; or 0."""
    fewest = 10 * spacing  # a step of 12, less a rounding of each of the two values
    if gaps[0] < fewest:
        return 0.0
    small = gaps[gaps < 6 * gaps[0]]
    # Gaps of as many steps differ by the rounding of their ends; their mean is better than each.
    groups = np.split(small, np.flatnonzero(np.diff(small) > 3 * spacing)[:16] + 1)
    divisor = float(groups[0].mean())
    for length in (float(group.mean()) for group in groups[:16]):
        rest, unit = length, divisor
        while True:
            count = round(rest / unit)
            remainder = abs(rest - count * unit)
            if remainder <= (1 + count) * spacing:
                divisor = unit
                break
            if remainder < fewest:
                return 0.0
            rest, unit = unit, remainder
    return divisor
