"""Physical criteria: exact, on every value, first."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "F1", "mask", "sea became land, or holes appeared",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F2", "new out of range", "negative rain, cloud above 1",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F3", "zeros changed", "drizzle everywhere, or rain gone",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F5", "special values", "flags altered",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
)  # fmt: skip
