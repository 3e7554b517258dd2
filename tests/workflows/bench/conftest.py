"""Benches of small files, made once where nothing changes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from climcomp_workflows.bench.grid import USUAL_COUNT
from climcomp_workflows.bench.make import Wanted, make_bench
from climcomp_workflows.bench.model import Bench
from climcomp_workflows.recipe import Recipe
from tests.metrics.report.conftest import browser as browser
from tests.workflows.illustrate.conftest import levels as levels

STEPS, ROWS, COLUMNS = 48, 24, 36


@pytest.fixture
def bench_of(make_recipe: Callable[..., Recipe]) -> Callable[..., Bench]:
    """The bench of a file; more of the recipe as YAML text, options as those of the command."""

    def make(
        files: Path,
        extra: str = "",
        *,
        variables: tuple[str, ...] | None = None,
        codecs: tuple[str, ...] | None = None,
        bounds: int = USUAL_COUNT,
    ) -> Bench:
        return make_bench(make_recipe(files, extra), Wanted(variables, codecs, bounds))

    return make


def waves(seed: int = 3, noise: float = 0.5) -> np.ndarray:
    """(time, lat, lon) float32: waves that move, and noise of the size of weather."""
    rng = np.random.default_rng(seed)
    time = np.arange(STEPS)[:, None, None]
    lat = np.linspace(-np.pi / 2, np.pi / 2, ROWS)[None, :, None]
    lon = np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)[None, None, :]
    field = 285 - 30 * np.sin(lat) ** 2 + 5 * np.sin(2 * lon + 0.3 * time) * np.cos(lat)
    return (field + noise * rng.standard_normal((STEPS, ROWS, COLUMNS))).astype(np.float32)
