"""Time of the metric suite, statistic by statistic, beside SZ3's round trip of the same data.

Data: red noise, (64, 1, 721, 1440) float32, 266 MB when measuring, as 64 days of a long record;
white errors of 0.01 sigma; one thread; CPU time, the median of three. What METRICS samples is
sampled as in a long record: spectra and the like on one slice in 8, similarity on one in 64.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp_metrics import (
    Axes,
    FieldSettings,
    Place,
    check_shard,
    judge,
    make_bins,
    measure,
    merge,
    summarise,
)
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import applicable_statistics

LIMIT_OF_EVERY_VALUE, LIMIT_OF_ALL = 1.0, 1.5
"""Of SZ3's round trip: METRICS, "Order and cost"."""

SAMPLED = {
    "spectra": 8, "whiteness": 8, "fractions": 8, "error_shape": 8, "dssim": 64, "distinct": 64,
}  # fmt: skip
"""How many time steps each takes one of in a long record."""


def _cpu_seconds(job: Callable[[], object], rounds: int) -> float:
    """Median CPU time: other jobs of the machine do not count, as they do on the wall clock."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        job()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def _field(shape: tuple[int, int, int, int]) -> np.ndarray:
    """Noise whose power falls with the cube of the wavenumber, as the weather's does."""
    rng = np.random.default_rng(1)
    rows, columns = shape[2:]
    ky = np.fft.fftfreq(rows)[:, None] * rows
    kx = np.fft.rfftfreq(columns)[None, :] * columns
    amplitude = (4.0 + ky**2 + kx**2) ** -1.25
    steps = []
    for _ in range(shape[0]):
        phase = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
        step = np.fft.irfft2(amplitude * phase, s=(rows, columns))
        steps.append((280.0 + 10.0 * step / step.std()).astype(np.float32))
    return np.stack(steps)[:, None]


def _days(steps: int) -> Clock:
    """Days of January, over and over: a record of which this is a part."""
    day = np.arange(steps) % 31 + 1
    ones = np.ones(steps, np.int64)
    return Clock(2001 * ones, ones, day, day, np.arange(steps) * 86400.0, "noleap")


@pytest.mark.parametrize("kind", ["continuous", "rain", "ocean"])
def test_the_suite_costs_less_than_its_limits(kind: str, benchmark: BenchmarkFixture) -> None:
    measuring = benchmark.enabled
    shape = (64, 1, 721, 1440) if measuring else (3, 1, 45, 90)
    x = _field(shape)
    if kind == "rain":
        x = np.where(x > 283.0, np.exp((x - 280.0) / 5.0), 0.0).astype(np.float32)
    sigma = float(x.std())
    noise = np.random.default_rng(2).uniform(-0.01, 0.01, shape).astype(np.float32)
    y = x * (1 + noise) if kind == "rain" else x + noise * np.float32(sigma)
    if kind == "ocean":
        land = x[0, 0] > 283.0
        x[:, :, land] = y[:, :, land] = np.nan
    letter = "P" if kind == "rain" else "C"
    field = FieldSettings(
        "x", "mm/day" if kind == "rain" else "K", letter, kind == "ocean", Axes(0, (1,), 2, 3),
        shape, (sigma,), "pooled", (make_bins(x, sigma, letter),), None, (), kind == "rain", True,
        None, None,
        (1, 1, 256, 512), shape, SAMPLED,
    )  # fmt: skip
    rows = np.sin(np.linspace(0.002, np.pi - 0.002, shape[2]))
    weights = np.repeat(rows[:, None], shape[3], axis=1)
    place = Place("x", (0, 0, 0, 0), shape)
    bound = ErrorBound("absolute", 0.0101 * sigma if letter == "C" else 1e3)
    domain = Domain(
        weights, "latlon", np.linspace(89.9, -89.9, shape[2]), np.arange(shape[3]) * 360 / shape[3],
        _days(shape[0]),
    )  # fmt: skip
    state = measure(x, y, field, domain, place)
    check_shard(x, y, field, place, [bound])
    part = Part(x, y, field, domain, place)
    rounds = 3 if measuring else 1
    # SZ3 is given the ocean filled, as climcomp gives it.
    dense = np.nan_to_num(x[:, 0], nan=280.0)
    codec = get_codec("sz3", algorithm="interpolation")
    lossy = ErrorBound("absolute", 0.01 * sigma)
    target = np.empty_like(x)
    jobs: dict[str, Callable[[], object]] = {
        "check_shard": lambda: check_shard(x, y, field, place, [bound]),
        "measure": lambda: measure(x, y, field, domain, place),
        "merge": lambda: merge(state, state),
        "summarise and judge": lambda: judge(summarise(state, field, domain), field),
        "SZ3 round trip": lambda: codec.decode(
            codec.encode(dense, lossy), dense.shape, dense.dtype
        ),
        "np.copyto": lambda: np.copyto(target, x),
    }
    for statistic in applicable_statistics(field, domain):
        jobs[f"statistic {statistic.name}"] = functools.partial(statistic.of, part)
    per_field = {name: _cpu_seconds(job, rounds) / shape[0] * 1e3 for name, job in jobs.items()}
    for name, took in per_field.items():
        benchmark.extra_info[f"{name}, ms a field"] = round(took, 3)
        print(f"{kind:>10} {name:>26}: {took:8.2f} ms a field of {shape[2]} x {shape[3]}")
    sampled = sum(per_field.get(f"statistic {name}", 0.0) for name in SAMPLED)
    suite = sum(per_field[name] for name in ("check_shard", "measure", "summarise and judge"))
    round_trip = per_field["SZ3 round trip"]
    for what, took, limit in (
        ("on every value", suite - sampled, LIMIT_OF_EVERY_VALUE),
        ("the whole suite", suite, LIMIT_OF_ALL),
    ):
        print(
            f"{kind:>10} {what:>26}: {took:8.2f} ms, {took / round_trip:.2f} of SZ3's round trip "
            f"(limit {limit})"
        )
    benchmark.pedantic(jobs["measure"], rounds=rounds, iterations=1)
    if measuring:
        assert suite - sampled <= LIMIT_OF_EVERY_VALUE * round_trip
        assert suite <= LIMIT_OF_ALL * round_trip
