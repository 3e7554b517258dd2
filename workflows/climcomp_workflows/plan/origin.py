"""Whether values were packed, rounded or compressed before, and how fine they are since then."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.lattice import Lattice, detect_lattice
from climcomp.rounding import mantissa_bits
from climcomp.zfp_trace import has_zfp_blocks
from climcomp_workflows.plan.sample import Sample, spread

# Our own: fields at the ends and the middle of the record on up to eight levels show whether one
# lattice holds for all; more of them cost time and change no answer on the files that we have.
_TIMES, _LEVELS = 3, 8
_BINARY = "rounded before, or the difference of larger numbers"
_ZFP = "blocks of 4 by 4 cells have a fineness of their own: zfp compressed them before"
_SAME = 1e-4  # relative difference of two steps that are one, each known to a spacing or so


@dataclass(frozen=True, slots=True)
class Origin:
    """How fine the values of a variable are because of what was done to them before.

    Attributes
    ----------
    steps
        For each sampled level the finest step between values, in the variable's unit; None where
        values have none.
    bits
        For each sampled level the mantissa bits that its values use, or that tell its largest value
        from the next one a step away; None where they use all.
    words
        What was found, for a plan.
    """

    steps: tuple[float | None, ...]
    bits: tuple[int | None, ...]
    words: str


def find_origin(sample: Sample, unit: str) -> Origin | None:
    """What the sampled fields say of their origin, or None where they use their full precision.

    Fields at a few times and levels are looked at: first all together, then each by itself, as GRIB
    packs them. A level between those looked at is as fine as the nearest.

    Parameters
    ----------
    unit
        The variable's, for the words.
    """
    fields = sample.fields
    times, levels = spread(len(fields), _TIMES), spread(fields.shape[1], _LEVELS)
    some = fields[np.ix_(times, levels)]
    together = detect_lattice(some)
    apart = [
        [_lattice(some[t, k], together) for t in range(len(times))] for k in range(len(levels))
    ]
    known = [lattice for row in apart for lattice in row if lattice is not None]
    looked_at = sum(_varies(field) for row in some for field in row)
    if together is None and len(known) * 2 < looked_at:
        known = []
    words = [_words(together, known, looked_at, unit, mantissa_bits(fields.dtype))] if known else []
    if _was_zfp(sample, some):
        words.append(_ZFP)
    if not words:
        return None
    nearest = np.abs(np.subtract.outer(range(fields.shape[1]), levels)).argmin(axis=1)
    steps = [_finest(apart[n], some[:, n]) for n in nearest]
    bits = [_bits(apart[n], fields[:, k], steps[k]) for k, n in enumerate(nearest)]
    return Origin(tuple(steps), tuple(bits), "; ".join(words))


def _lattice(field: NDArray[np.floating], together: Lattice | None) -> Lattice | None:
    """The lattice of one field: that of all, or its own."""
    if not _varies(field):
        return None
    return together if together is not None else detect_lattice(field)


def _varies(field: NDArray[np.floating]) -> bool:
    """Whether there is anything in a field to tell a lattice by."""
    used = field[np.isfinite(field) & (field != 0)]
    return used.size > 1 and bool((used != used[0]).any())


def _finest(lattices: list[Lattice | None], fields: NDArray[np.floating]) -> float | None:
    """The finest step of the fields of a level; None if one that varies has none."""
    steps = []
    for lattice, field in zip(lattices, fields, strict=True):
        if lattice is not None and lattice.step is not None:
            steps.append(lattice.step)
        elif _varies(field):
            return None
    return min(steps, default=None)


def _bits(
    lattices: list[Lattice | None], fields: NDArray[np.floating], step: float | None
) -> int | None:
    """Mantissa bits that a level of this origin needs; None for all."""
    stored = mantissa_bits(fields.dtype)
    if step is None:
        used = [lattice.bits for lattice in lattices if lattice is not None]
        if not used or any(bits is None for bits in used):
            return None
        return max(bits for bits in used if bits is not None)
    largest = float(np.abs(fields).max(initial=0.0, where=np.isfinite(fields)))
    return bits_of_step(largest, step, stored)


def bits_of_step(largest: float, step: float, stored: int) -> int:
    """The fewest mantissa bits whose rounding moves no value by more than half a step.

    A value of `largest` moves by half a unit of its last bit at most, which is below
    largest * 2**-(bits + 1).
    """
    if not largest > step:
        return 0
    return min(stored, math.ceil(math.log2(largest / step)))


def _words(
    together: Lattice | None, known: list[Lattice], looked_at: int, unit: str, stored: int
) -> str:
    if together is not None:
        return _one(together, unit, stored)
    steps = sorted(lattice.step for lattice in known if lattice.step is not None)
    which = "each field" if len(known) == looked_at else f"{len(known)} of {looked_at} fields"
    if not steps:
        bits = max(lattice.bits or 0 for lattice in known)
        return f"{which} looked at uses {bits} of {stored} mantissa bits at most: rounded before"
    low, high = _with_unit(steps[0], unit), _with_unit(steps[-1], unit)
    if all(lattice.step is None or _is_binary(lattice) for lattice in known):
        span = low if low == high else f"{low} to {high}"
        return f"values of {which} looked at are multiples of powers of two, {span}: {_BINARY}"
    if steps[-1] <= steps[0] * (1 + _SAME):
        text = f"multiples of {low} from a start of its own"
    else:
        text = f"multiples of a step of its own, {low} to {high}"
    return f"values of {which} looked at are {text}: packed field by field, as GRIB does"


def _one(lattice: Lattice, unit: str, stored: int) -> str:
    """One lattice that holds for all values looked at, in plain words."""
    if lattice.step is None:
        if stored == 52 and lattice.bits == 23:
            return "values are float32 numbers held as float64"
        return (
            f"values use {lattice.bits} of {stored} mantissa bits: rounded before, as bit rounding "
            f"and fpzip do"
        )
    step = _with_unit(lattice.step, unit)
    if lattice.kind == "decimal":
        return f"values are rounded to multiples of {step}: decimals at the source"
    start = f"{_with_unit(lattice.offset, unit)} plus " if lattice.offset else ""
    if _is_binary(lattice):
        power = math.frexp(lattice.step)[1] - 1
        return f"values are multiples of {step} (2**{power}): {_BINARY}"
    if lattice.step == 1 and not start:
        return f"values are whole numbers{f' of {unit}' if unit not in ('', '1') else ''}"
    return f"values are {start}multiples of {step}: packed at the source"


def _is_binary(lattice: Lattice) -> bool:
    """Whether values are multiples of a power of two other than 1."""
    step = lattice.step
    return step is not None and step != 1 and not lattice.offset and math.frexp(step)[0] == 0.5


def _with_unit(number: float, unit: str) -> str:
    return f"{number:.4g} {unit}".rstrip()


def _was_zfp(sample: Sample, some: NDArray[np.floating]) -> bool:
    """Whether zfp's blocks show; they start at every fourth row and column of the whole field."""
    rows, columns = -sample.rows.start % 4, -sample.columns.start % 4
    return has_zfp_blocks(some[..., rows:, columns:])
