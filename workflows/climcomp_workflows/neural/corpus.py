"""What the shipped network is trained on: blocks of generated fields, and of real ones.

Real blocks are cut from the variables of `downloaded`, along time, levels, or both, of any size,
mirrored, transposed, or thinned; some of their fields are moved apart, as levels are; where a
variable is positive and spans a hundredfold also its logarithm is taken. Gaps are filled as before
coding. Most bounds are wide enough to hide the lattice of packed values.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.codecs.neural.task import field_wraps
from climcomp.fill import fill_missing
from climcomp_workflows.neural.downloaded import INSTALLED, UNPACKED, Real, read
from climcomp_workflows.neural.generated import layers, random_fields, turbulence

# The bound over the standard deviation: log-uniform.
BOUNDS = (5e-4, 0.1)
ALPHA_SHARES = (0.15, 0.65, 0.1, 0.1)
DOWNLOADED, TURBULENT, LAYERED = 0.5, 0.1, 0.1
# Of a block that is cut: values at most, fields at most, rows or columns at least.
MOST_VALUES, MOST_FIELDS, LEAST_SIDE = 400_000, 48, 16
MOST_MISSING = 0.6
# Of packed variables: how often the bound may be below a step of their lattice.
PACKED = 0.25


@dataclass(frozen=True, slots=True)
class Lesson:
    """A block ([steps,] steps or levels, rows, columns) and how it is coded."""

    block: NDArray[np.floating]
    bound: ErrorBound
    hierarchical: bool
    alpha: float
    wraps: bool
    with_taps: bool
    axis: int
    filled: NDArray[np.bool_] | None  # which values only fill gaps


def lesson_of(number: int, seed: int, folder: Path | None = None) -> Lesson:
    """One of the blocks of a seed; the same for the same numbers and the same folder.

    Parameters
    ----------
    folder
        Of the source archives; without it, real fields are those of the installed package.

    Raises
    ------
    MissingExtraError
        If real fields are not there.
    """
    rng = np.random.default_rng([seed, number])
    kind = rng.random()
    filled, finest = None, 0.0
    if kind < DOWNLOADED:
        block, filled, finest = _cut(_real(rng, folder), rng)
    else:
        make = random_fields
        if kind < DOWNLOADED + TURBULENT:
            make = turbulence
        elif kind < DOWNLOADED + TURBULENT + LAYERED:
            make = layers
        block = make(rng)
        while not (np.isfinite(block).all() and block.std(dtype=np.float64) > 0):
            block = make(rng)  # a flow that became unstable, or an exponential that overflowed
    size = float(np.std(block, dtype=np.float64))
    low, high = np.log(BOUNDS)
    bound = ErrorBound("absolute", max(float(np.exp(rng.uniform(low, high)) * size), finest / 2))
    return Lesson(
        block,
        bound,
        bool(rng.random() < 0.4),
        float(rng.choice(ALPHAS, p=ALPHA_SHARES)),
        field_wraps(block.reshape(-1, *block.shape[-2:])[0]),
        bool(rng.random() < 0.6),
        int(rng.integers(block.ndim - 2)),
        filled,
    )


def _real(rng: np.random.Generator, folder: Path | None) -> Real:
    sources = INSTALLED + (UNPACKED if folder is not None else ())
    weights = np.array([source.weight for source in sources])
    source = sources[int(rng.choice(weights.size, p=weights / weights.sum()))]
    return read(source, None if source in INSTALLED else folder)


def _cut(
    real: Real, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, float]:
    """A block, which of its values only fill gaps, and the step of a lattice to be hidden."""
    values, finest = real.values, real.finest
    while True:
        block = _part(values, rng)
        missing = ~np.isfinite(block)
        if missing.mean() <= MOST_MISSING and block[~missing].std(dtype=np.float64) > finest:
            break
    if missing.any():
        block = fill_missing(block, missing)
    filled = missing if missing.any() else None
    kind = rng.random()
    low, high = np.nanmin(values), np.nanmax(values)
    if low > 0 and high > 100 * low and kind < 0.3:
        return np.log(block), filled, finest / float(block.min())
    if kind < 0.1:
        size = 10 ** rng.uniform(-1, 1.5) * float(block.std(dtype=np.float64))
        apart = size * rng.normal(size=block.shape[:-2]).cumsum(-1)
        return (block + apart[..., None, None]).astype(np.float32), filled, finest
    return np.ascontiguousarray(block), filled, 0.0 if rng.random() < PACKED else finest


def _part(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Fields that follow one another along leading dimensions, or parts of them."""
    if values.ndim == 2:
        values = values[None]
    if values.ndim == 4 and rng.random() < 0.6:  # one of the leading dimensions, at one place
        axis = int(rng.integers(2))
        values = np.take(values, int(rng.integers(values.shape[axis])), axis)
    rows, columns = values.shape[-2:]
    if rng.random() < 0.1 and min(rows, columns) > 4 * LEAST_SIDE:
        values = values[..., ::2, ::2]
        rows, columns = values.shape[-2:]
    if rng.random() < 0.6:
        top, height = _span(rows, rng)
        left, width = _span(columns, rng)
        values = values[..., top : top + height, left : left + width]
    most = min(MOST_FIELDS, max(1, MOST_VALUES // (values.shape[-1] * values.shape[-2])))
    for axis in rng.permutation(values.ndim - 2):
        here = min(values.shape[axis], most)
        steps = int(np.exp(rng.uniform(0, np.log(here + 0.999)))) if rng.random() < 0.7 else here
        begin = int(rng.integers(values.shape[axis] - steps + 1))
        values = np.take(values, range(begin, begin + steps), axis)
        most = max(1, most // steps)
    for axis in range(values.ndim):
        if rng.random() < 0.3:
            values = np.flip(values, axis)
    return values.swapaxes(-1, -2) if rng.random() < 0.15 else values


def _span(length: int, rng: np.random.Generator) -> tuple[int, int]:
    """Where a part of a length begins, and how long it is."""
    if length <= LEAST_SIDE:
        return 0, length
    part = int(rng.integers(LEAST_SIDE, length + 1))
    return int(rng.integers(length - part + 1)), part
