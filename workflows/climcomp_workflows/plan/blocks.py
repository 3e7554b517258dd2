"""Sample blocks: inner chunks of a variable, on which codecs are compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, SourceVariable
from climcomp_workflows.plan.sample import spread

Region = tuple[slice, ...]


def sample_blocks(
    source: Source, variable: SourceVariable, chunk: tuple[int, ...], count: int = 3
) -> list[tuple[Region, NDArray[Any]]]:
    """Raw values of at most `count` inner chunks, spread over the variable, with their regions.

    The first and the last are passed over where there are many: the last is often cut.
    """
    grid = [math.ceil(n / c) for n, c in zip(variable.shape, chunk, strict=True)]
    total = math.prod(grid)
    numbers = spread(total, count) if total <= count + 2 else spread(total, count + 2)[1:-1]
    blocks = []
    for number in numbers:
        at = np.unravel_index(number, grid) if grid else ()
        region = tuple(
            slice(int(i) * c, min((int(i) + 1) * c, n))
            for i, c, n in zip(at, chunk, variable.shape, strict=True)
        )
        blocks.append((region, source.read(variable.name, region)))
    return blocks
