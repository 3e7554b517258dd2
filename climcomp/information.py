"""Real information in each bit of a field: how many mantissa bits are worth keeping.

The bitwise real information of Kloewer et al. (2021, https://doi.org/10.1038/s43588-021-00156-2) is
the mutual information between a bit and the same bit of the next value along an axis.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.bit_pairs import information_of_neighbours, signed_exponent_words, split_at_axis
from climcomp.errors import MissingExtraError, UsageError
from climcomp.rounding import mantissa_bits

Engine = Literal["numpy", "xbitinfo"]

# Bits of information in all positions together, below which a field counts as noise. Our own: of 32
# or 64 noise bits some pass any filter by chance, with about 0.005 bit among a thousand pairs, and
# would then decide alone; fields whose neighbours resemble each other have 0.1 to 5.
_LEAST_INFORMATION = 0.01


def real_information(
    values: NDArray[np.floating],
    axis: int | Sequence[int] | None = None,
    *,
    missing: Sequence[float] = (),
    ignore_zeros: bool = True,
    confidence: float | None = 0.99,
    engine: Engine = "numpy",
) -> NDArray[np.float64]:
    """Real information of each bit position, along the axis that has the most of it.

    Parameters
    ----------
    values
        float32 or float64 of any shape, any unit. NaN and +-Inf are missing.
    axis
        Where a value's neighbour lies: one axis, several to choose from, or None for all of them.
    missing
        Fill values and flags: a pair that holds one does not count.
    ignore_zeros
        Whether a pair with an exact zero (dry, ice-free, filled) does not count either. All bits of
        a zero are equal, so the edge of a dry region looks like information in every bit.
    confidence
        Information that independent fair bits stay below with this probability is set to zero, as
        `set_zero_insignificant` does in BitInformation.jl; None keeps all of it.
    engine
        `numpy`, or `xbitinfo`: the same pairs counted by that package, at a hundredth of the speed.

    Returns
    -------
    (32 or 64,)
        Bits of information, 0 to 1, of: the sign, the exponent (as a sign and a magnitude, so that
        values around one do not flip all its bits), the mantissa. Zeros where no pair counts.

    Raises
    ------
    UsageError
        If the type is another one, an axis does not exist, or the engine is unknown.
    MissingExtraError
        If the engine is not installed.
    """
    by_axis = information_by_axis(
        values,
        axis,
        missing=missing,
        ignore_zeros=ignore_zeros,
        confidence=confidence,
        engine=engine,
    )
    if not by_axis:
        return np.zeros(8 * values.dtype.itemsize)
    return max(by_axis.values(), key=lambda bits: float(bits.sum()))


def real_information_by_level(
    values: NDArray[np.floating],
    level_axis: int,
    axis: int | Sequence[int] | None = None,
    *,
    missing: Sequence[float] = (),
    ignore_zeros: bool = True,
    confidence: float | None = 0.99,
    engine: Engine = "numpy",
) -> NDArray[np.float64]:
    """`real_information` of each index along `level_axis` alone: (levels, 32 or 64).

    `axis` counts the axes of `values`, the level's own included.
    """
    (level_axis,) = _axes(level_axis, values.ndim)
    found = np.zeros((values.shape[level_axis], 8 * values.dtype.itemsize))
    for index in range(values.shape[level_axis]):
        found[index] = real_information(
            values[(slice(None),) * level_axis + (slice(index, index + 1),)],
            axis,
            missing=missing,
            ignore_zeros=ignore_zeros,
            confidence=confidence,
            engine=engine,
        )
    return found


def information_by_axis(
    values: NDArray[np.floating],
    axis: int | Sequence[int] | None = None,
    *,
    missing: Sequence[float] = (),
    ignore_zeros: bool = True,
    confidence: float | None = 0.99,
    engine: Engine = "numpy",
) -> dict[int, NDArray[np.float64]]:
    """The bits of `real_information` for each chosen axis that is longer than one value."""
    mantissa_bits(values.dtype)
    if engine not in get_args(Engine):
        raise UsageError(f"unknown engine {engine!r}; known: {', '.join(get_args(Engine))}")
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    counts = _counting(native, missing, ignore_zeros)
    words = signed_exponent_words(native) if engine == "numpy" else None
    found = {}
    for chosen in _axes(axis, values.ndim):
        if values.shape[chosen] < 2:
            continue
        if words is None:
            information, pairs = _information_by_xbitinfo(native, counts, chosen)
        else:
            information, pairs = information_of_neighbours(words, counts, chosen)
        if confidence is not None:
            information[information <= chance_information(pairs, confidence)] = 0.0
        found[chosen] = information
    return found


def chance_information(pairs: int, confidence: float) -> float:
    """Information in bits that independent fair bits stay below with a given probability.

    Notes
    -----
    1 - H(p) with p = 1/2 + z / (2 sqrt(pairs)), H the entropy in bits, z the two-sided quantile of
    the normal distribution: Kloewer et al. (2021) and `binom_free_entropy` of BitInformation.jl.
    """
    if pairs == 0:
        return 1.0
    quantile = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    p = 0.5 + quantile / (2 * math.sqrt(pairs))
    if p >= 1:
        return 1.0
    return 1 + p * math.log2(p) + (1 - p) * math.log2(1 - p)


def keepbits_for_information(bits: NDArray[np.floating], level: float = 0.99) -> int:
    """The fewest mantissa bits that keep more than a share of a field's real information.

    Parameters
    ----------
    bits : (32 or 64,)
        What `real_information` returned.
    level
        Share to keep, above 0; 1 keeps every bit.

    Returns
    -------
    int
        0 to 23 or 52. Where there is less than a hundredth of a bit of information (a constant,
        noise, nothing but missing values) the measure cannot tell one mantissa bit from another,
        so all are kept.

    Raises
    ------
    UsageError
        If there are not 32 or 64 bits, or the level is not in (0, 1].

    Notes
    -----
    As `get_keepbits` of xbitinfo 0.0.7: positions with at most 1.5 times the information of the
    last four count nothing, since what remains there is an artefact of earlier rounding or packing.
    xbitinfo goes down to -8 or -11; here the sign and the exponent are always kept.
    """
    if bits.shape not in ((32,), (64,)):
        raise UsageError(
            f"information has shape {bits.shape}; one field's 32 or 64 bits are needed"
        )
    if not 0 < level <= 1:
        raise UsageError(f"the information level is {level!r}; it must be above 0 and at most 1")
    stored = 23 if bits.size == 32 else 52
    cumulated = np.cumsum(np.where(bits > 1.5 * bits[-4:].max(), bits, 0.0))
    if level == 1 or cumulated[-1] < _LEAST_INFORMATION:
        return stored
    first = int(np.argmax(cumulated / cumulated[-1] > level))
    return max(first + 1 - (bits.size - stored), 0)


def _axes(axis: int | Sequence[int] | None, dimensions: int) -> tuple[int, ...]:
    """The chosen axes counted from the front, each once."""
    if axis is None:
        return tuple(range(dimensions))
    chosen = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in chosen:
        if not -dimensions <= one < dimensions:
            raise UsageError(f"there is no axis {one}: the values have {dimensions} dimensions")
    return tuple(dict.fromkeys(one % dimensions for one in chosen))


def _counting(
    values: NDArray[Any], missing: Sequence[float], ignore_zeros: bool
) -> NDArray[np.bool_]:
    """Where a value may be part of a pair."""
    counts: NDArray[np.bool_] = np.isfinite(values)
    if ignore_zeros:
        counts &= values != 0
    with np.errstate(over="ignore"):  # a float64 fill that float32 values cannot equal
        for fill in np.asarray(missing, np.float64).astype(values.dtype):
            counts &= values != fill
    return counts


def _information_by_xbitinfo(
    values: NDArray[Any], counts: NDArray[np.bool_], axis: int
) -> tuple[NDArray[np.float64], int]:
    """As `information_of_neighbours`, by xbitinfo, which is given only the pairs that count."""
    try:
        import xarray as xr
        import xbitinfo
    except ImportError as error:
        raise MissingExtraError(
            "engine 'xbitinfo' was asked for, but that package is not installed: "
            "pip install 'climcomp[xbitinfo]', or choose engine 'numpy'"
        ) from error
    split, usable = split_at_axis(values, axis), split_at_axis(counts, axis)
    both = usable[:, :-1] & usable[:, 1:]
    pairs = np.stack([split[:, :-1][both], split[:, 1:][both]])
    if pairs.shape[1] == 0:
        return np.zeros(8 * values.dtype.itemsize), 0
    dataset = xr.Dataset({"values": (("neighbour", "pair"), pairs)})
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        found = xbitinfo.get_bitinformation(dataset, dim="neighbour", implementation="python")
    return np.maximum(found["values"].to_numpy().astype(np.float64), 0.0), pairs.shape[1]
