"""Blocks of fields like mesoscale temperature that follow one another, for benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def _noise(rng: np.random.Generator, rows: int, columns: int) -> NDArray[Any]:
    down, across = np.fft.fftfreq(rows)[:, None] * rows, np.fft.rfftfreq(columns) * columns
    amplitude = (4.0 + down**2 + across**2) ** -0.85
    phase = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
    field = np.fft.irfft2(amplitude * phase, s=(rows, columns))
    return field / field.std()


def weather_blocks(count: int, fields: int, rows: int, columns: int) -> list[NDArray[np.float32]]:
    """So many blocks of (fields, rows, columns)."""
    rng, blocks = np.random.default_rng(12), []
    for _ in range(count):
        state, found = _noise(rng, rows, columns), []
        for _ in range(fields):
            state = 0.9 * state + 0.436 * _noise(rng, rows, columns)
            found.append(state)
        blocks.append((280 + 4 * np.stack(found)).astype(np.float32))
    return blocks
