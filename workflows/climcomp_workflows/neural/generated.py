"""Generated fields to train on: what models write, without anyone's model.

Random fields with power-law spectra and a dissipation range (Nastrom and Gage 1985 for the slopes),
that move and change in time, faster at small scales; coasts and mountains that stay; variables that
are products of exponentials (humidity) or zero in most places (rain); levels, also far apart;
noise; meridians that meet at poles; parts of a grid, grids that were finer or coarser once; values
on a lattice, as archives pack them. And two-dimensional turbulence, integrated here: vorticity,
stream function, and a tracer with fronts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Fields = NDArray[np.float32]
"""(steps or levels, rows, columns); of `layers` (steps, levels, rows, columns)"""


@dataclass(frozen=True, slots=True)
class Waves:
    """Amplitudes of a random field by wavenumber, on a grid that wraps in both directions."""

    amplitudes: NDArray[np.float64]
    numbers: NDArray[np.float64]
    along_x: NDArray[np.float64]

    def draw(self, rng: np.random.Generator) -> NDArray[np.complex128]:
        """Coefficients with random phases."""
        shape = self.amplitudes.shape
        phases = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        found: NDArray[np.complex128] = np.multiply(self.amplitudes, phases, dtype=np.complex128)
        return found


def _waves(rng: np.random.Generator, rows: int, columns: int) -> Waves:
    """A spectrum that is flat at the largest scales, then falls, then is cut off near the grid."""
    stretch = rng.uniform(0.6, 1.8)
    ky = np.fft.fftfreq(rows)[:, None] * rows * stretch
    kx = np.fft.rfftfreq(columns)[None, :] * columns
    k = np.hypot(ky, kx)
    peak, slope = rng.uniform(1, 8), rng.uniform(2.0, 7.0)
    power = 1 / (1 + (k / peak) ** slope) / np.maximum(k, 1)
    if rng.random() < 0.4:  # a shallower mesoscale
        power += 10 ** rng.uniform(-4, -2) / (1 + (k / peak) ** (5 / 3)) / np.maximum(k, 1)
    if rng.random() < 0.7:
        cut = rng.uniform(0.1, 0.5) * min(rows * stretch, columns)
        power *= np.exp(-((k / cut) ** rng.uniform(2, 6)))
    power[0, 0] = 0
    return Waves(np.sqrt(power), k, np.broadcast_to(kx, k.shape))


def _field(spectrum: NDArray[np.complex128], rows: int, columns: int) -> NDArray[np.float64]:
    found = np.fft.irfft2(spectrum, s=(rows, columns))
    return found / max(found.std(), 1e-30)  # type: ignore[no-any-return]


def _moving(
    rng: np.random.Generator, waves: Waves, steps: int, rows: int, columns: int
) -> NDArray[np.float64]:
    """A field that is carried along x, and forgets its small scales sooner than its large ones."""
    memory = np.exp(-((waves.numbers / rng.uniform(4, 60)) ** rng.uniform(0.5, 1.5)))
    # From fields that forget all at once, as yearly means do, to those that hardly change.
    memory *= rng.choice([0.0, rng.uniform(0.2, 0.9), 1 - 10 ** rng.uniform(-3, -1)])
    carried = np.exp(-2j * np.pi * waves.along_x / columns * rng.normal(0, 1.5))
    state, found = waves.draw(rng), np.empty((steps, rows, columns))
    for step in range(steps):
        found[step] = _field(state, rows, columns)
        fresh = np.sqrt(np.maximum(0, 1 - memory**2)) * waves.draw(rng)
        state = memory * carried * state + fresh
    return found


def random_fields(rng: np.random.Generator) -> Fields:
    """One variable of a made-up model."""
    steps = int(rng.choice([1, 2, 3, 6, 12, 24, 60]))
    most = 64 if steps > 24 else 200
    widths = [n for n in (48, 64, 96, 128, 144, 192, 288) if n <= 1.5 * most]
    rows, columns = int(rng.integers(32, most)), int(rng.choice(widths))
    found = _moving(rng, _waves(rng, rows, columns), steps, rows, columns)
    if rng.random() < 0.4:
        found = _between_poles(found, rng.uniform(0.5, 1.5))
    y = np.linspace(-1, 1, rows)[None, :, None]
    still = _field(_waves(rng, rows, columns).draw(rng), rows, columns)
    if rng.random() < 0.5:  # storms here, calm there
        found *= np.exp(
            rng.uniform(0.3, 1.2) * _field(_waves(rng, rows, columns).draw(rng), rows, columns)
        )
    found += rng.uniform(0, 6) * (1 - y**2)
    if rng.random() < 0.6:
        found += rng.uniform(0, 6) * still
    if rng.random() < 0.5:  # land and sea
        land = still > rng.uniform(-0.5, 0.8)
        season = np.sin(2 * np.pi * (np.arange(steps) / rng.uniform(6, 60) + rng.random()))
        found = np.where(land, found * rng.uniform(1, 3) + season[:, None, None] * y, found)
    found = _skewed(found, rng)
    if rng.random() < 0.5:
        found += 10 ** rng.uniform(-5, -0.5) * found.std() * rng.normal(size=found.shape)
    if steps > 2 and rng.random() < 0.25:  # levels, of which each has a size of its own
        found *= np.exp(np.linspace(0, rng.uniform(-3, 3), steps))[:, None, None]
    found = _on_another_grid(found, rng)
    if rng.random() < 0.1:
        step = 10 ** rng.uniform(-4, -1.5) * max(found.std(), 1e-30)
        found = np.round(found / step) * step
    return found.astype(np.float32)


def _skewed(found: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """In two of five cases: products of exponentials, zero in most places, or with fronts."""
    kind = rng.random()
    if kind < 0.4:
        found = (found - found.mean()) / found.std()
    if kind < 0.15:
        found = np.exp(rng.uniform(0.5, 2) * found)
    elif kind < 0.3:
        found = np.maximum(found - rng.uniform(0, 1.5), 0) ** rng.uniform(1, 3)
    elif kind < 0.4:
        found = np.tanh(rng.uniform(1, 4) * found)
    return found


def _between_poles(found: NDArray[np.float64], narrowest: float) -> NDArray[np.float64]:
    """Without the waves that are too short for circles of latitude, the shorter near poles."""
    rows, columns = found.shape[1:]
    size = np.cos(np.linspace(-np.pi / 2, np.pi / 2, rows + 2)[1:-1])[:, None]
    waves = np.arange(columns // 2 + 1) / (columns / 2 * narrowest * size)
    return np.fft.irfft(np.fft.rfft(found) * np.exp(-(waves**4)), n=columns)


def _on_another_grid(found: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Some are a part of it; some were coarser once, with lines between; some were finer."""
    rows, columns = found.shape[1:]
    kind = rng.random()
    if kind < 0.35:
        height, width = int(rng.integers(15, rows + 1)), int(rng.integers(24, columns + 1))
        top, left = int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))
        return found[:, top : top + height, left : left + width]
    if kind < 0.42 and found.size < 300_000:
        for axis, fine in ((1, rows), (2, columns)):
            at = np.arange(0, fine - 1, 1 / rng.uniform(1.2, 2.5))
            below, part = at.astype(np.int64), at % 1
            part = part[:, None] if axis == 1 else part
            low, high = np.take(found, below, axis), np.take(found, below + 1, axis)
            found = low + part * (high - low)
        return found
    if kind < 0.47 and rows >= 64:
        found = found[:, : rows // 2 * 2]
        return (
            found[:, ::2, ::2] + found[:, 1::2, ::2] + found[:, ::2, 1::2] + found[:, 1::2, 1::2]
        ) / 4
    return found


def layers(rng: np.random.Generator) -> Fields:
    """A variable on levels, of which each has a size and a mean of its own."""
    steps, levels = int(rng.choice([1, 2, 3, 6])), int(rng.choice([2, 3, 5, 10]))
    rows, columns = int(rng.integers(32, 130)), int(rng.choice([48, 64, 96, 128]))
    waves = _waves(rng, rows, columns)
    low, high = (_moving(rng, waves, steps, rows, columns) for _ in range(2))
    bottom, top = (_field(_waves(rng, rows, columns).draw(rng), rows, columns) for _ in range(2))
    still = rng.uniform(0, 4)
    height = np.linspace(0, 1, levels) ** rng.uniform(0.5, 2)
    sizes = np.exp(np.linspace(0, rng.uniform(-2, 2), levels))
    means = 10 ** rng.uniform(-1, 2.5) * (height + rng.normal(0, 0.1, levels))
    found = np.empty((steps, levels, rows, columns))
    for level, share in enumerate(height):
        moving = np.sqrt(1 - share) * low + np.sqrt(share) * high
        fixed = still * ((1 - share) * bottom + share * top)
        found[:, level] = sizes[level] * (moving + fixed) + means[level]
    if rng.random() < 0.3:
        found += 10 ** rng.uniform(-4, -1) * rng.normal(size=found.shape)
    return found.astype(np.float32)


def turbulence(rng: np.random.Generator) -> Fields:
    """One variable of a two-dimensional flow (barotropic vorticity equation, pseudo-spectral)."""
    size, steps = int(rng.choice([96, 128, 160])), 12
    k1 = np.fft.fftfreq(size) * size
    ky, kx = k1[:, None], np.fft.rfftfreq(size)[None, :] * size
    k2 = kx**2 + ky**2
    inverse = np.where(k2 > 0, 1 / np.maximum(k2, 1), 0)
    kept = (np.abs(kx) < size / 3) & (np.abs(ky) < size / 3)
    waves = _waves(rng, size, size)
    vorticity = np.fft.rfft2(_field(waves.draw(rng), size, size)) * 6
    tracer = np.fft.rfft2(_field(waves.draw(rng), size, size))
    speed = np.abs(np.fft.irfft2(kx * vorticity * inverse)).max()
    dt, every = 0.3 * (2 * np.pi / size) / max(speed, 1.0), int(rng.integers(2, 12))
    viscosity = np.exp(-dt * 30 * (k2 / (size / 3) ** 2) ** 2)

    def tendency(of: NDArray[np.complex128], psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        u, v = np.fft.irfft2(-1j * ky * psi), np.fft.irfft2(1j * kx * psi)
        flux = u * np.fft.irfft2(1j * kx * of) + v * np.fft.irfft2(1j * ky * of)
        found: NDArray[np.complex128] = -np.fft.rfft2(flux) * kept
        return found

    kind, found = int(rng.integers(3)), []
    for step in range(150 + steps * every):
        psi = -vorticity * inverse
        half = vorticity + dt / 2 * tendency(vorticity, psi)
        half_tracer = tracer + dt / 2 * tendency(tracer, psi)
        psi = -half * inverse
        vorticity = (vorticity + dt * tendency(half, psi)) * viscosity
        tracer = (tracer + dt * tendency(half_tracer, psi)) * viscosity
        if step >= 150 and step % every == 0:
            found.append(np.fft.irfft2((vorticity, -vorticity * inverse, tracer)[kind]))
    return np.array(found[:steps]).astype(np.float32)
