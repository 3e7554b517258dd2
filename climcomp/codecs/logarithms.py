"""Logarithms of a block's values for an absolute bound, and their errors in the values."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.exp2 import LARGEST_EXPONENT
from climcomp.errors import BoundError
from climcomp.fill import fill_missing

# Shares of the bound, our own. A 256th is left to balance the sum of the errors. Decoded values are
# compared with a 512th less than what is promised, since an inner codec compiled otherwise may
# round a decoded logarithm to a neighbouring float: logarithms are float32 only where the step to
# it is at most a 512th of the bound. All of it costs 0.01 bits a value.
_LEFT_TO_BALANCE = 2.0**-8
_LEFT_TO_MACHINES = 2.0**-9
_LOOSEST = 1.0  # signs come back anyway, so a bound above it allows nothing more of use
_FARTHEST = {4: 64.0, 8: LARGEST_EXPONENT - 1}  # from 0, per bytes of a logarithm
_EXPONENTS = {4: 120, 8: 960}  # 2**n is far from the ends of the values' type
_SHORTEST = {4: 2.0**-22, 8: 2.0**-51}  # bounds: four times the relative spacing of the type
_PIECE = 8192  # values compared at a time: the working arrays stay in a core's L2 cache
_LOG2_E = 1 / math.log(2)


@dataclass(frozen=True, slots=True, eq=False)
class Logarithms:
    """log2(abs(values)) - exponent, and how far decoded ones may lie from them.

    Attributes
    ----------
    numbers
        float32 or float64, C-contiguous, of the block's shape; smooth where the value is zero.
    exponent
        The whole number in the middle of all log2(abs(value)), so that the numbers are small and
        their floats dense.
    bound
        Absolute, for an inner codec.
    limit
        The largest abs(error) / abs(value) that a decoded value is let through with.
    """

    numbers: NDArray[Any]
    exponent: int
    bound: float
    limit: float

    def balanced_scale(
        self, powers: NDArray[np.float64], values: NDArray[np.floating], zeros: NDArray[np.bool_]
    ) -> tuple[float, float]:
        """The factor of 2**decoded that gives the block the sum of its abs(values) back.

        Errors that are even in the logarithms are not in the values: with errors of -E to E, in
        units of ln, the mean of 2**L grows by sinh(E) / E, about 1 + b**2 / 6. The factor is kept
        so near to 2**exponent that no value leaves the limit for it.

        Returns
        -------
        float, float
            The factor, and the share of the sum that it could not give back.
        """
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            originals = np.abs(values.reshape(-1)).astype(np.float64)
            originals *= math.ldexp(1.0, -self.exponent)
            grown = powers.reshape(-1)
            if zeros.any():
                ordinary = ~zeros.reshape(-1)
                originals, grown = originals[ordinary], grown[ordinary]
            factor = float(originals.sum() / grown.sum())
            grown = np.divide(grown, originals, out=originals)
            room = self.limit - float(np.finfo(values.dtype).eps)  # less the rounding to the type
            least, most = float((1 - room) / grown.min()), float((1 + room) / grown.max())
        if not (least <= most and 0 < factor < math.inf):
            return math.ldexp(1.0, self.exponent), 0.0
        used = min(max(factor, least), most)
        return math.ldexp(used, self.exponent), abs(used / factor - 1)

    def with_room_for(self, share: float) -> Logarithms:
        """The same with a bound so much tighter that the factor can change by twice a share more.

        Twice, because other errors come of it.
        """
        return replace(self, bound=max(self.bound - 2 * share * _LOG2_E, self.bound / 2))

    def outside(
        self, magnitudes: NDArray[np.floating], values: NDArray[np.floating]
    ) -> NDArray[np.bool_]:
        """True where a decoded magnitude is not within the limit of its value."""
        found = np.empty(values.size, np.bool_)
        decoded, given = magnitudes.reshape(-1), values.reshape(-1)
        for start in range(0, values.size, _PIECE):
            piece = slice(start, start + _PIECE)
            allowed = np.abs(given[piece]).astype(np.float64)
            errors = decoded[piece] - allowed
            np.abs(errors, out=errors)
            with np.errstate(under="ignore"):
                allowed *= self.limit
            np.greater(errors, allowed, out=found[piece])
        return found.reshape(values.shape)


def take_logarithms(
    values: NDArray[np.floating], zeros: NDArray[np.bool_], bound: float
) -> Logarithms:
    """The logarithms of a block, in float32 where the bound allows it.

    Parameters
    ----------
    values
        Finite float32 or float64.
    zeros
        True where a value is zero; False somewhere.
    bound
        Relative to each value.

    Raises
    ------
    BoundError
        If the bound is below four times the relative spacing of the values' floats, or 512 times
        the spacing of float64 logarithms.
    """
    asked = min(bound, _LOOSEST)
    spacing = float(np.finfo(values.dtype).eps)
    if asked < _SHORTEST[values.itemsize]:
        raise _too_tight(bound, f"four times the relative spacing {spacing:.3g} of {values.dtype}")
    exponent, reach = _middle(values, zeros)
    allowed = math.log2(1 + (asked - spacing)) * (1 - _LEFT_TO_BALANCE)
    size = 4 if reach <= _FARTHEST[4] and _step(reach, 4) <= allowed * _LEFT_TO_MACHINES else 8
    step = _step(reach, size)
    if step > allowed * _LEFT_TO_MACHINES:
        raise _too_tight(bound, f"512 times the spacing {step:.3g} of float64 logarithms")
    numbers = _logarithms(values, zeros, exponent, size)
    if zeros.any():
        numbers = fill_missing(numbers, zeros)
    # NumPy's logarithm and its change of base are right to two units in the last place.
    return Logarithms(numbers, exponent, allowed - 2 * step, asked * (1 - _LEFT_TO_MACHINES))


def _too_tight(bound: float, what: str) -> BoundError:
    return BoundError(
        f"the bound {bound:g} of each value is below {what}; use 'rounding' or 'lossless'"
    )


def _middle(values: NDArray[np.floating], zeros: NDArray[np.bool_]) -> tuple[int, float]:
    """A whole number amid all log2(abs(value)), and how far the farthest is from it."""
    magnitudes = np.abs(values)
    least = float(np.min(magnitudes, where=~zeros, initial=np.inf))
    low, high = math.frexp(least)[1] - 1, math.frexp(float(magnitudes.max()))[1]
    most = _EXPONENTS[values.itemsize]
    exponent = min(max((low + high) // 2, -most), most)
    return exponent, float(max(high - exponent, exponent - low))


def _step(reach: float, size: int) -> float:
    """The spacing of floats of `size` bytes at the farthest logarithm."""
    return float(np.spacing(np.dtype(f"f{size}").type(min(reach, _FARTHEST[size]))))


def _logarithms(
    values: NDArray[np.floating], zeros: NDArray[np.bool_], exponent: int, size: int
) -> NDArray[Any]:
    """log2(abs(values)) - exponent; 0 for zeros."""
    # float32 values within 2**64 of the middle stay normal float32 numbers when they are scaled.
    work = np.dtype(f"f{max(size, values.itemsize)}")
    numbers = np.abs(values.reshape(-1)).astype(work, copy=False)
    with np.errstate(over="ignore"):
        numbers *= work.type(math.ldexp(1.0, -exponent))
    numbers[zeros.reshape(-1)] = 1.0
    np.log(numbers, out=numbers)
    numbers *= work.type(_LOG2_E)
    if work.itemsize == 8:
        # Farther values are stored as they are.
        np.clip(numbers, -_FARTHEST[8], _FARTHEST[8], out=numbers)
    taken: NDArray[Any] = numbers.astype(f"f{size}", copy=False)
    return taken.reshape(values.shape)
