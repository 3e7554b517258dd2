"""The criteria that a recipe may name: those of the metric suite, and of installed packages."""

from __future__ import annotations

from functools import lru_cache

from climcomp_metrics.base import Criterion
from climcomp_metrics.criteria import all_criteria

# The promise itself: every value within its bound, every mask and special value exact.
ALWAYS = ("F1", "F5", "P1")


@lru_cache(maxsize=1)
def known_criteria() -> dict[str, Criterion]:
    """The criteria by id, in the order of the suite."""
    return {criterion.id: criterion for criterion in all_criteria()}
