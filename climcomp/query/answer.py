"""What a query gives: values, where they are, how each of them was found, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NETWORK, PREVIEW, DECODED, MISSING = 1, 2, 4, 8
"""How a value was found, as bits: one may come of several blocks."""
_WORDS = {NETWORK: "network", PREVIEW: "preview", DECODED: "decoded"}


@dataclass(frozen=True)
class Answer:
    """Values of one variable at some places.

    Parameters
    ----------
    name, unit
        Of the variable; "" where it has no unit.
    dims
        Its dimensions.
    values : (places,)
        NaN where a cell around that has weight is missing.
    errors : (places,)
        How far the networks asked are off at the points of their blocks, root mean square over each
        block, the largest of them; NaN where none was asked.
    indices : (places, dims)
        Where they are, as positions along each dimension, with fractions.
    ways : (places,)
        `network`: what the network of a block says, whose decoded values alone have a bound;
        `preview`: the same of a block that has nothing but its network; `decoded`: interpolated
        linearly between decoded values; several, "network, decoded", where the place lies between
        blocks or beside cells that were stored exactly; `missing`.
    blocks : (places,)
        Positions, in the grid of inner chunks, of the blocks that each value comes from.
    statement
        In plain words, what the values are worth.
    notes
        What else is to be known.
    """

    name: str
    unit: str
    dims: tuple[str, ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    indices: NDArray[np.float64]
    ways: tuple[str, ...]
    blocks: tuple[tuple[tuple[int, ...], ...], ...]
    statement: str
    notes: tuple[str, ...] = ()


def way_of(bits: int) -> str:
    """How a value was found, in words."""
    if bits & MISSING:
        return "missing"
    return ", ".join(word for bit, word in _WORDS.items() if bits & bit)


def statement_of(name: str, bits: int) -> str:
    """What values that were found in these ways are worth, in one or two sentences."""
    if bits & PREVIEW:
        return (
            f"Preview values without a bound: {name} keeps networks alone, and single values may "
            "be far off."
        )
    if bits & NETWORK or not bits & DECODED:
        return (
            f"Preview values without a bound: they are what the networks of {name} say, which may "
            "be far from its decoded values; these alone are within the archive's bound."
        )
    return (
        f"Values without a bound between grid points: interpolated linearly between decoded values "
        f"of {name}, which are within the archive's bound."
    )


def notes_of(
    ways: Sequence[str],
    blocks: Sequence[Sequence[object]],
    errors: NDArray[np.float64],
    unit: str,
) -> tuple[str, ...]:
    """What is to be known of some of the values."""
    missing = sum(way == "missing" for way in ways)
    decoded = sum("decoded" in way for way in ways)
    between = sum(len(some) > 1 for some in blocks)
    found = []
    if missing:
        found.append(f"{_of(missing, ways)} missing: a cell around, with some weight, is missing")
    if decoded:
        found.append(
            f"{_of(decoded, ways)} interpolated linearly between decoded values, where a block or "
            "a cell has no network"
        )
    if between:
        found.append(
            f"{_of(between, ways)} between blocks: interpolated linearly between their edges"
        )
    if not np.isnan(errors).all():
        said = " to ".join(dict.fromkeys(f"{end(errors):.3g}" for end in (np.nanmin, np.nanmax)))
        found.append(
            f"at the grid points of their blocks the networks are off by {said} {unit}".rstrip()
            + ", root mean square"
        )
    return tuple(found)


def _of(count: int, ways: Sequence[str]) -> str:
    return f"{count} of {len(ways)} values {'is' if count == 1 else 'are'}"
