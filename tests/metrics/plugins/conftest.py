"""A file of a scientist's own metrics, and the shortest way to one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp_metrics import OwnMetric, read_own_metric

CODE = '''
import numpy as np


def bias(original, decoded, grid):
    """The area mean of the error."""
    return grid.mean(decoded - original)


def likeness(original, decoded, grid):
    return 1.0 - float(np.nanmax(np.abs(decoded - original)))


def late(original, decoded, grid):
    return float(grid.time) if grid.time > 2 else None


def fragile(original, decoded, grid):
    if grid.time == 5:
        raise ValueError("no front was found")
    return 0.0


def twice(original, decoded, grid):
    if grid.time in (1, 6):
        raise ValueError(f"at {grid.time}")
    return 0.0


class SquaredError:
    """The root mean square error of a level, from sums that add up."""

    def of(self, original, decoded, grid):
        error = decoded - original
        return {"squares": np.nansum(error**2), "count": np.isfinite(error).sum()}

    def value(self, sums):
        return (sums["squares"] / sums["count"]) ** 0.5
'''


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., OwnMetric]:
    """A metric of the file above, or of other code: own("bias", fail=0.1), own("f", "def f...")."""

    def make(name: str, code: str = CODE, **settings: Any) -> OwnMetric:
        path = tmp_path / "my_metrics.py"
        path.write_text(code, "utf-8")
        return read_own_metric(path, name, **settings)

    return make
