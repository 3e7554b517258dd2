"""A formula that gives the values of a block from whole numbers, as unpacking did.

Packed integers that were unpacked, decimals, multiples of a power of two and bit-rounded values are
floats that one formula gives from integers. It is fitted to a sample; what
it misses by a rounding or more is for its user to correct.

A formula is one of four, `own` standing for a number in the values' own type:

- divided: own(number / step), the division in float64
- double: own(number * step + offset), product and sum each in float64
- own: own(own(number) * own(step)) + own(offset), each in the own type
- shifted: the bits of a float whose lowest `step` bits are all zero, without these

Only conversion, product, sum and quotient of IEEE 754 take part, each a NumPy call of its own, so
that no compiler can fuse two of them: every machine gets the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.differences import floats_of, ordered_bits
from climcomp.lattice import Lattice, detect_lattice
from climcomp.rounding import mantissa_bits

Form = Literal["divided", "double", "own", "shifted"]
FORMS: tuple[Form, ...] = ("divided", "double", "own", "shifted")

# Our own numbers. Above 2**52 not every integer is a float64; 4096 values show a lattice of 16 bits
# and cost a millisecond; a fill or a flag is a value that often.
_LARGEST = 1 << 52
_SAMPLE = 4096
_FREQUENT = 0.01
_PROBES = 512  # values that tell a right origin from a wrong one
_PACKED = 1 << 16  # numbers that a packing has
_STEPS, _OFFSETS = 3, 2  # spacings of floats by which a fit may be off
_ROUNDS = 4  # of fitting a formula to the values that the last one missed
_GOOD = 1 / 512  # share of misses that is not worth a search for the origin


@dataclass(frozen=True, slots=True)
class Formula:
    """How whole numbers become values; `offset` is not added where it is 0."""

    form: Form
    step: float
    offset: float = 0.0

    def values(self, numbers: NDArray[np.int64], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The values of whole numbers, of this float type in native byte order."""
        own = dtype.newbyteorder("=")
        if self.form == "shifted":
            return _shifted_back(numbers, self._shift(own), own)
        with np.errstate(all="ignore"):  # damaged parameters give Inf, not a warning
            found = numbers.astype(own if self.form == "own" else np.float64)
            if self.form == "divided":
                found /= self.step
                return found.astype(own, copy=False)
            found *= found.dtype.type(self.step)
            if self.offset:
                found += found.dtype.type(self.offset)
            return found.astype(own, copy=False)

    def numbers(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The whole numbers whose values are nearest; 0 where there is none below 2**52."""
        if self.form == "shifted":
            return (ordered_bits(values) >> self._shift(values.dtype)).astype(np.int64)
        with np.errstate(all="ignore"):
            wide = values.astype(np.float64)
            if self.form == "divided":
                wide *= self.step
            else:
                wide -= self.offset
                wide /= self.step
            near = np.abs(wide) < _LARGEST
            return np.where(near, np.rint(wide), 0.0).astype(np.int64)

    def misses(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where a value does not come back bit for bit."""
        word = f"u{values.itemsize}"
        again = self.values(self.numbers(values), values.dtype)
        return np.asarray(again.view(word) != values.view(word))

    def _shift(self, dtype: np.dtype[Any]) -> int:
        """Bits that `shifted` leaves out; 0 where a damaged payload says nonsense."""
        bits = mantissa_bits(dtype)
        return int(self.step) if 0 <= self.step <= bits else 0


def _shifted_back(numbers: NDArray[np.int64], shift: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The floats whose ordered bits these are, and whose lowest bits are zero."""
    word = np.dtype(f"u{dtype.itemsize}")
    bits = numbers.astype(word) << word.type(shift)
    is_negative = bits >> word.type(8 * word.itemsize - 1) == 0  # their ordered bits are flipped
    bits |= np.where(is_negative, word.type((1 << shift) - 1), word.type(0))
    return floats_of(bits, dtype)


def find_formula(values: NDArray[Any]) -> Formula | None:
    """The formula that gives most values of a block back; None where a sample shows no lattice.

    Parameters
    ----------
    values : (n,)
        float32 or float64 in native byte order. Zeros, NaN, infinities, values that are more than
        1 % of all (fills, flags), the least and the greatest 1 % need not lie on the lattice.
    """
    found = _on_lattice(values[:: max(1, values.size // _SAMPLE)])
    if found is None:
        return None
    lattice, distinct = found
    with np.errstate(all="ignore"):  # of steps near the ends of the type
        return _best(lattice, distinct, values)


def _best(lattice: Lattice, distinct: NDArray[Any], values: NDArray[Any]) -> Formula | None:
    """The candidate that misses the fewest of the distinct values."""
    best, fewest = None, 1.0
    for formula in _candidates(lattice, distinct, values):
        missed = float(np.mean(formula.misses(distinct)))
        if missed < fewest:
            best, fewest = formula, missed
        if fewest == 0:
            break
    if fewest > _GOOD and lattice.kind == "linear" and lattice.step is not None:
        return _with_origin(lattice.step, distinct) or best
    return best


def _on_lattice(sample: NDArray[Any]) -> tuple[Lattice, NDArray[Any]] | None:
    """The lattice of a sample, and the sorted distinct values that are on it.

    Looked for in all values, then without those that are fills, then without the outermost too.
    """
    distinct, counts = np.unique(sample, return_counts=True)
    use = np.isfinite(distinct) & (distinct != 0)
    distinct, counts = distinct[use], counts[use]
    rare = distinct[counts <= max(2, _FREQUENT * sample.size)]
    cut = int(_FREQUENT * rare.size)
    for some in (distinct, rare, rare[cut : rare.size - cut]):
        lattice = detect_lattice(some)
        if lattice is not None:
            return lattice, some
    return None


def _candidates(
    lattice: Lattice, distinct: NDArray[Any], values: NDArray[Any]
) -> Iterator[Formula]:
    """From the plainest formula to the fitted ones."""
    if lattice.bits is not None:
        yield Formula("shifted", float(mantissa_bits(distinct.dtype) - lattice.bits))
    step = lattice.step
    if step is None:
        return
    if lattice.decimals is not None:
        step = float(f"1e{-lattice.decimals}")
        if lattice.decimals > 0:
            yield Formula("divided", 10.0**lattice.decimals)
    yield Formula("double", step)
    if not lattice.offset:
        yield Formula("double", _fitted_step(step, distinct))
    yield Formula("own", float(distinct.dtype.type(step)))
    yield _fitted(step, distinct, values)


def _bounds(known: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middles between values and their neighbours: what lies between becomes the value."""
    wide = known.astype(np.float64)
    below, above = (np.nextafter(known, known.dtype.type(end)) for end in (-np.inf, np.inf))
    return (wide + below.astype(np.float64)) / 2, (wide + above.astype(np.float64)) / 2


def _fitted_step(step: float, distinct: NDArray[Any]) -> float:
    """The middle of the steps whose multiples are nearest to the values."""
    numbers = np.rint(distinct.astype(np.float64) / step)
    low, high = (ends[numbers != 0] / numbers[numbers != 0] for ends in _bounds(distinct))
    least, most = np.minimum(low, high).max(), np.maximum(low, high).min()
    return float(least + most) / 2


def _fitted(step: float, distinct: NDArray[Any], values: NDArray[Any]) -> Formula:
    """A step and an offset for which as many float32 values as can be are the nearest ones.

    What a fit misses among all values is added to those that the next one is made for.
    """
    known = distinct
    found = _fit(step, known)
    for _ in range(_ROUNDS):
        missed = values[found.misses(values)]
        wide = missed.astype(np.float64)
        off = wide - (found.numbers(missed) * found.step + found.offset)
        on_lattice = np.abs(off) <= np.spacing(np.abs(missed))
        known = np.union1d(known, missed[on_lattice])
        next_one = _fit(found.step, known)
        if next_one == found:
            break
        found = next_one
    return found


def _fit(step: float, known: NDArray[Any]) -> Formula:
    """The step whose offsets have the widest range, and the middle of that range.

    A value is right where offset + step * number lies between the middles of it and its
    neighbours. For one step, that leaves a range of offsets, whose width is a concave function of
    the step: a ternary search finds its maximum.
    """
    wide = known.astype(np.float64)
    numbers = np.rint((wide - wide[0]) / step)
    low, high = _bounds(known)
    span = float(numbers[-1])
    middle = float(wide[-1] - wide[0]) / span
    reach = 4 * float(np.spacing(np.abs(known).max())) / span
    start, end = middle - reach, middle + reach
    least = most = 0.0
    for _ in range(48):
        third = (end - start) / 3
        widths = []
        for one in (start + third, end - third):
            product = numbers * one
            least, most = float((low - product).max()), float((high - product).min())
            widths.append(most - least)
        if widths[0] < widths[1]:
            start += third
        else:
            end -= third
    return Formula("double", end - third, (least + most) / 2)


def _with_origin(step: float, distinct: NDArray[Any]) -> Formula | None:
    """A formula that rounds its product as well, so that it matters which value is number 0.

    A packing has 65536 numbers, and each of them is tried for that value, which is the offset.
    """
    own = distinct.dtype.type
    wide = distinct.astype(np.float64)
    numbers = np.rint((wide - wide[0]) / step)
    if numbers[-1] >= _PACKED:
        return None
    centred = numbers - numbers.mean()
    slope = float((centred * (wide - wide.mean())).sum() / (centred * centred).sum())
    probes = np.unique(np.linspace(0, distinct.size - 1, _PROBES).astype(np.intp))
    room = max(0.0, _PACKED - 1 - float(numbers[-1]))
    zeros = np.arange(-room, numbers[-1] + room + 1)
    for near in _neighbours(own(slope), _STEPS):
        # The mean of many roundings is nearly zero.
        exact = float((wide - float(near) * numbers).mean()) + float(near) * zeros
        for offsets in _neighbours(exact.astype(own), _OFFSETS):
            left, at = offsets, zeros
            for probe in probes:
                again = (numbers[probe] - at).astype(own) * near + left
                good = again == distinct[probe]
                left, at = left[good], at[good]
                if left.size == 0:
                    break
            else:
                return Formula("own", float(near), float(left[0]))
    return None


def _neighbours(near: Any, count: int) -> Iterator[Any]:
    """Floats, then `count` times those below and above them."""
    yield near
    below = above = near
    for _ in range(count):
        below = np.nextafter(below, below.dtype.type(-np.inf))
        above = np.nextafter(above, above.dtype.type(np.inf))
        yield below
        yield above
