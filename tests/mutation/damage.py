"""Damage that a careless tool does to a field, each at a mild and a strong setting.

Mild is about the least that a scientist would mind; strong is what one sees on a map. Every kind
leaves all that it is not about as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .subjects import Subject

Array = NDArray[np.float32]
Make = Callable[[Subject, int, np.random.Generator], NDArray[np.floating]]


@dataclass(frozen=True)
class Damage:
    """A kind of damage, for which classes it is one, and what makes it (strength 0 or 1)."""

    name: str
    classes: str
    make: Make

    def done_to(self, subject: Subject, strength: int) -> Array:
        """The damaged field, in the type of the original."""
        rng = np.random.default_rng([strength, len(self.name), ord(self.name[0])])
        return np.asarray(self.make(subject, strength, rng), np.float32)


def _pick(strength: int, mild: float, strong: float) -> float:
    return strong if strength else mild


def _x(subject: Subject) -> NDArray[np.float64]:
    return subject.values.astype(np.float64)


def _limited(subject: Subject, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inside the physical range, and zeros of P as they were: these have damage of their own."""
    if subject.settings.limits is not None:
        low, high = subject.settings.limits
        values = np.clip(values, low, high)
    if subject.settings.kind == "P":
        values = np.where(subject.values == 0, 0.0, np.maximum(values, 1e-12))
    return values


def _neighbours(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the four neighbours; the value itself where one is missing or off the map."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    around = 0.25 * (
        padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1]
        + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    )  # fmt: skip
    return np.where(np.isfinite(around), around, x)


def _smooth(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    share = _pick(strength, 0.03, 0.3)
    return _limited(s, (1 - share) * x + share * _neighbours(x))


def _smooth_in_time(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    share = _pick(strength, 0.1, 0.4)
    around = x.copy()
    around[1:-1] = 0.5 * (x[:-2] + x[2:])
    return _limited(s, (1 - share) * x + share * around)


def _clip_high(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    top = np.nanquantile(x, _pick(strength, 0.9999, 0.998), axis=(0, 2, 3), keepdims=True)
    return np.minimum(x, top)


def _clip_low(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    low = np.nanquantile(x, _pick(strength, 0.0001, 0.002), axis=(0, 2, 3), keepdims=True)
    return np.maximum(x, low)


def _bias(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return _limited(s, _x(s) + _pick(strength, 0.002, 0.05) * s.sigma)


def _relative_bias(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return _limited(s, _x(s) * (1 + _pick(strength, 0.002, 0.02)))


def _drift(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    steps = s.values.shape[0]
    ramp = np.linspace(-0.5, 0.5, steps)[:, None, None, None]
    return _limited(s, _x(s) + _pick(strength, 0.01, 0.1) * s.sigma * ramp)


def _regional_bias(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    rows, columns = x.shape[2:]
    area = np.s_[:, :, rows // 4 : rows // 2, columns // 4 : columns // 2]
    y = x.copy()
    y[area] += _pick(strength, 0.02, 0.2) * s.sigma
    return _limited(s, y)


def _hemispheres(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Warmer in one half of the map, colder in the other: the mean stays."""
    x = _x(s)
    sign = np.where(np.arange(x.shape[2]) < x.shape[2] // 2, 1.0, -1.0)[None, None, :, None]
    return _limited(s, x + _pick(strength, 0.01, 0.1) * s.sigma * sign)


def _shave(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mantissa bits cut off towards zero, as many as leave a step of about this share of sigma."""
    step = _pick(strength, 0.02, 0.3) * s.sigma
    if s.settings.kind == "P":
        bits = 7 if strength == 0 else 3
        pattern = s.values.view(np.uint32) & np.uint32(0xFFFFFFFF << (23 - bits) & 0xFFFFFFFF)
        return pattern.view(np.float32).astype(np.float64)
    x = _x(s)
    return np.trunc(x / step) * step


def _coarse_steps(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    step = _pick(strength, 0.2, 1.0) * s.sigma
    return _limited(s, np.round(_x(s) / step) * step)


def _blocks(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Each block of 4 x 4 cells moves towards its own mean."""
    x = _x(s)
    rows, columns = (n // 4 * 4 for n in x.shape[2:])
    part = x[:, :, :rows, :columns]
    cut = part.reshape(*x.shape[:2], rows // 4, 4, columns // 4, 4)
    mean = np.broadcast_to(cut.mean(axis=(3, 5), keepdims=True), cut.shape).reshape(part.shape)
    mean = np.where(np.isfinite(mean), mean, part)
    y = x.copy()
    share = _pick(strength, 0.03, 0.3)
    y[:, :, :rows, :columns] = (1 - share) * part + share * mean
    return _limited(s, y)


def _chunk_offsets(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Every codec block is off by an amount of its own."""
    x = _x(s)
    rows, columns = x.shape[2:]
    size = 16
    offsets = rng.standard_normal((*x.shape[:2], -(-rows // size), -(-columns // size)))
    field = np.repeat(np.repeat(offsets, size, axis=2), size, axis=3)[:, :, :rows, :columns]
    return _limited(s, x + _pick(strength, 0.01, 0.1) * s.sigma * field)


def _duplicated(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    count = 1 if strength == 0 else max(2, len(x) // 20)
    for step in rng.choice(np.arange(1, len(x)), count, replace=False):
        x[step] = s.values[step - 1]
    return x


def _shifted(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Steps from the middle of the record on come one step late; or all of them."""
    x = _x(s)
    start = len(x) // 2 if strength == 0 else 1
    x[start:] = s.values[start - 1 : -1]
    return x


def _swapped(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    pairs = 1 if strength == 0 else max(2, len(x) // 30)
    for step in rng.choice(np.arange(0, len(x) - 1, 2), min(pairs, len(x) // 2), replace=False):
        x[[step, step + 1]] = x[[step + 1, step]]
    return x


def _moved_mask(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    if strength:
        return np.roll(x, 1, axis=3)
    sea = np.argwhere(np.isfinite(x[0, 0]))
    j, i = sea[len(sea) // 2]
    x[0, 0, j, i] = np.nan
    return x


def _holes(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    count = 1 if strength == 0 else x.size // 1000
    x.reshape(-1)[rng.choice(np.flatnonzero(np.isfinite(x)), count, replace=False)] = np.nan
    return x


def _fill_leaked(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A fill value becomes data, or data a fill value."""
    x = _x(s)
    places = np.flatnonzero(np.isnan(x) if s.settings.masked else np.isfinite(x))
    count = 1 if strength == 0 else max(2, places.size // 500)
    chosen = rng.choice(places, count, replace=False)
    x.reshape(-1)[chosen] = -9999.0 if s.settings.kind == "C" else 1e20
    return x


def _zeros_leaked(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Missing values come back as zeros."""
    x = _x(s)
    places = np.flatnonzero(np.isnan(x))
    chosen = places[:1] if strength == 0 else places
    x.reshape(-1)[chosen] = 0.0
    return x


def _negatives(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    share = _pick(strength, 1e-4, 1e-2)
    places = rng.random(x.shape) < share
    return np.where(places, -0.01 * s.sigma, x)


def _above_one(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    limits = s.settings.limits
    assert limits is not None
    full = x >= limits[1]
    some = full & (rng.random(x.shape) < _pick(strength, 0.01, 1.0))
    return np.where(some, limits[1] * 1.001, x)


def _drizzle(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    some = (x == 0) & (rng.random(x.shape) < _pick(strength, 0.01, 1.0))
    return np.where(some, 1e-4 * s.sigma, x)


def _lost_rain(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Light rain becomes none."""
    x = _x(s)
    wet = x[x > 0]
    return np.where(x < np.quantile(wet, _pick(strength, 0.02, 0.2)), 0.0, x)


def _noise(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    size = _pick(strength, 0.05, 0.3)
    return _limited(s, _x(s) + size * s.sigma * rng.standard_normal(s.values.shape))


def _noise_in_few_steps(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One step in twenty is noisy, as where one shard was coded otherwise."""
    x = _x(s)
    steps = rng.choice(len(x), max(1, len(x) // 20), replace=False)
    noise = rng.standard_normal((len(steps), *x.shape[1:]))
    x[steps] += _pick(strength, 0.1, 0.5) * s.sigma * noise
    return _limited(s, x)


def _spectral_cut(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Zonal waves shorter than so many cells are gone."""
    x = _x(s)
    rest = np.isnan(x)
    count = np.maximum((~rest).sum(axis=3, keepdims=True), 1)
    mean = np.nansum(x, axis=3, keepdims=True) / count
    filled = np.where(rest, mean, x)
    waves = np.fft.rfft(filled, axis=3)
    keep = int(waves.shape[3] * _pick(strength, 0.95, 0.5))
    waves[..., keep:] = 0
    y = np.fft.irfft(waves, n=x.shape[3], axis=3)
    return _limited(s, np.where(rest, np.nan, y))


def _less_variance(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Departures from each cell's time mean shrink."""
    x = _x(s)
    mean = x.mean(axis=0, keepdims=True)
    return _limited(s, mean + (x - mean) * (1 - _pick(strength, 0.003, 0.05)))


def _less_season(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One season in four is drawn towards the mean of the record."""
    x = _x(s)
    assert s.domain.clock is not None
    season = np.isin(s.domain.clock.month, (6, 7, 8))[:, None, None, None]
    mean = x.mean(axis=0, keepdims=True)
    share = _pick(strength, 0.01, 0.1)
    return _limited(s, np.where(season, x + share * (mean - x), x))


def _season_bias(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    assert s.domain.clock is not None
    season = np.isin(s.domain.clock.month, (6, 7, 8))[:, None, None, None]
    return _limited(s, x + season * _pick(strength, 0.01, 0.2) * s.sigma)


def _bad_chunk(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One chunk of 4 steps and 16 x 16 cells holds its mean, or another place's values."""
    x = _x(s)
    finite = np.isfinite(x[0, 0]).astype(int)
    j, i = np.unravel_index(int(finite[:-16, :-16].argmax()), finite[:-16, :-16].shape)
    start = len(x) // 3
    box = np.s_[start : start + 4, :, j : j + 16, i : i + 16]
    if strength == 0:
        mean = np.nanmean(x[box], axis=(0, 2, 3), keepdims=True)
        x[box] = np.where(np.isfinite(x[box]), 0.5 * x[box] + 0.5 * mean, np.nan)
    else:
        other = x[start : start + 4, :, j : j + 16, i : i + 16][:, :, ::-1]
        x[box] = np.where(np.isfinite(x[box]) & np.isfinite(other), other, x[box])
    return _limited(s, x)


def _one_level(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    x = _x(s)
    size = _pick(strength, 0.05, 0.4)
    x[:, -1] += size * s.sigma[:, -1] * rng.standard_normal(x[:, -1].shape)
    return _limited(s, x)


def _extremes_pulled_in(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Everything beyond the 99.9 % quantile loses part of its excess."""
    x = _x(s)
    top = np.nanquantile(x, 0.999, axis=(0, 2, 3), keepdims=True)
    return np.where(x > top, top + (x - top) * (1 - _pick(strength, 0.05, 0.5)), x)


def _displaced(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The map moves by one cell, in one step in ten or in all."""
    x = _x(s)
    moved = np.roll(x, 1, axis=3)
    moved = np.where(np.isnan(x), np.nan, np.where(np.isnan(moved), x, moved))
    some = (np.arange(len(x)) % (10 if strength == 0 else 1) == 0)[:, None, None, None]
    return np.where(some, moved, x)


def _upside_down(s: Subject, strength: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One step, or all, from north to south."""
    x = _x(s)
    turned = x[:, :, ::-1]
    turned = np.where(np.isnan(x), np.nan, np.where(np.isnan(turned), x, turned))
    steps = slice(len(x) // 2, len(x) // 2 + 1) if strength == 0 else slice(None)
    y = x.copy()
    y[steps] = turned[steps]
    return y


DAMAGES: tuple[Damage, ...] = (
    Damage("smoothed", "CPBM", _smooth),
    Damage("smoothed in time", "CPBM", _smooth_in_time),
    Damage("upper tail clipped", "CPM", _clip_high),
    Damage("lower tail clipped", "CM", _clip_low),
    Damage("extremes pulled in", "CPM", _extremes_pulled_in),
    Damage("bias", "CBM", _bias),
    Damage("relative bias", "PB", _relative_bias),
    Damage("drift", "CBM", _drift),
    Damage("regional bias", "CBM", _regional_bias),
    Damage("opposite biases", "CBM", _hemispheres),
    Damage("season biased", "CBM", _season_bias),
    Damage("season damped", "CPBM", _less_season),
    Damage("bits shaved", "CPBM", _shave),
    Damage("coarse steps", "CBM", _coarse_steps),
    Damage("blocks of 4 cells", "CPBM", _blocks),
    Damage("chunks offset", "CBM", _chunk_offsets),
    Damage("one bad chunk", "CPBM", _bad_chunk),
    Damage("steps duplicated", "CPBM", _duplicated),
    Damage("steps shifted", "CPBM", _shifted),
    Damage("steps swapped", "CPBM", _swapped),
    Damage("map displaced", "CPBM", _displaced),
    Damage("map upside down", "CPBM", _upside_down),
    Damage("mask displaced", "M", _moved_mask),
    Damage("holes", "CPBM", _holes),
    Damage("fill value leaked", "CPBM", _fill_leaked),
    Damage("missing became zero", "M", _zeros_leaked),
    Damage("negatives", "PB", _negatives),
    Damage("above the limit", "B", _above_one),
    Damage("drizzle", "P", _drizzle),
    Damage("light rain lost", "P", _lost_rain),
    Damage("noise", "CBM", _noise),
    Damage("noise in few steps", "CPBM", _noise_in_few_steps),
    Damage("short waves cut", "CPBM", _spectral_cut),
    Damage("variance lost", "CPBM", _less_variance),
    Damage("one level only", "C", _one_level),
)


_OF_TAILS = ("upper tail clipped", "lower tail clipped", "extremes pulled in")


def applies(damage: Damage, subject: Subject) -> bool:
    """Whether it is damage to this subject at all."""
    if subject.suite not in damage.classes:
        return False
    if damage.name.startswith("season"):
        clock = subject.domain.clock
        return clock is not None and bool(np.isin(clock.month, (6, 7, 8)).any())
    if subject.settings.kind == "B" and damage.name in _OF_TAILS:
        return False  # METRICS: extremes are not for B, which saturates
    if damage.name == "one level only":
        return subject.values.shape[1] > 1
    if damage.name in ("drizzle", "light rain lost"):
        return bool((subject.values == 0).any())
    if damage.name in ("steps swapped", "steps shifted", "steps duplicated", "smoothed in time"):
        return subject.values.shape[0] > 2
    return True
