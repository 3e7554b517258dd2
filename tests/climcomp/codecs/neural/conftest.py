"""Fields to code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

MakeField = Callable[..., NDArray[Any]]


@pytest.fixture
def field() -> MakeField:
    """Makes smooth fields of a shape, with a little noise; longitude, the last dimension, wraps."""

    def make(*shape: int, noise: float = 0.01, dtype: Any = np.float32) -> NDArray[Any]:
        rng = np.random.default_rng(sum(shape))
        axes = np.meshgrid(*(np.arange(n) / n for n in shape), indexing="ij")
        found = 280.0 + noise * rng.normal(size=shape)
        for wave in range(1, 4):
            phase = sum((wave + i) * a for i, a in enumerate(axes[:-1])) + wave * axes[-1]
            found += np.sin(2 * np.pi * phase + wave) * 8 / wave
        return found.astype(dtype)

    return make
