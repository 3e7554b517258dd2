"""Speed of rounding and of bit information, beside what the memory alone allows.

    pytest tests/benchmarks/test_information.py --benchmark-enable -s

One thread, 64 x 360 x 720 values (66 or 133 MB), a random walk with all mantissa bits in use. The
limit is np.copyto of the same array into one that exists already: one read and one write.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from climcomp.information import keepbits_for_information, real_information
from climcomp.lattice import detect_lattice
from climcomp.rounding import round_to_keepbits, round_to_quantum

SHAPE = (64, 360, 720)


@pytest.fixture(scope="module", params=[np.float32, np.float64], ids=["float32", "float64"])
def field(request: pytest.FixtureRequest) -> NDArray[np.floating]:
    """A field whose neighbours resemble each other along its last two axes."""
    steps = np.random.default_rng(0).random(SHAPE, np.float32) - np.float32(0.5)
    walk: NDArray[np.floating] = np.cumsum(np.cumsum(steps, axis=1), axis=2, dtype=np.float64)
    return (walk / 100 + 280).astype(request.param)


def copy_seconds(field: NDArray[np.floating]) -> float:
    """The shortest of ten copies into memory that has been touched before."""
    target = np.zeros_like(field)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        np.copyto(target, field)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(
    benchmark: BenchmarkFixture, field: NDArray[np.floating], call: Callable[[], object], what: str
) -> None:
    """Run, and if time is measured say the speed and the limit."""
    benchmark(call)
    if benchmark.stats is None:
        return
    megabytes, median = field.nbytes / 1e6, benchmark.stats.stats.median
    limit = megabytes / copy_seconds(field)
    benchmark.extra_info.update(mb_per_s=megabytes / median, copy_mb_per_s=limit)
    print(
        f"\n{what}, {field.dtype}: {megabytes / median:.0f} MB/s; "
        f"np.copyto {limit:.0f} MB/s; {median * limit / megabytes:.1f} copies"
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_information_along_one_axis(
    benchmark: BenchmarkFixture, field: NDArray[np.floating], axis: int
) -> None:
    measure(benchmark, field, lambda: real_information(field, axis), f"information, axis {axis}")


def test_information_along_the_best_of_three_axes(
    benchmark: BenchmarkFixture, field: NDArray[np.floating]
) -> None:
    measure(benchmark, field, lambda: real_information(field), "information, best of 3 axes")
    assert 5 < keepbits_for_information(real_information(field)) < 20


def test_information_beside_missing_values(
    benchmark: BenchmarkFixture, field: NDArray[np.floating]
) -> None:
    holes = field.copy()
    holes[:, 100:200, 100:300] = np.nan
    measure(benchmark, holes, lambda: real_information(holes, 2), "information with a mask, axis 2")


def test_rounding_to_keepbits(benchmark: BenchmarkFixture, field: NDArray[np.floating]) -> None:
    measure(benchmark, field, lambda: round_to_keepbits(field, 9), "round_to_keepbits")


def test_rounding_to_a_quantum(benchmark: BenchmarkFixture, field: NDArray[np.floating]) -> None:
    measure(benchmark, field, lambda: round_to_quantum(field, 0.01), "round_to_quantum")


def test_detecting_a_lattice(benchmark: BenchmarkFixture, field: NDArray[np.floating]) -> None:
    measure(benchmark, field, lambda: detect_lattice(field), "detect_lattice")
