"""Which part of a variable is read for its figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from climcomp_metrics.field import Axes
from climcomp_workflows.illustrate.fields import region_of, steps_at_once
from climcomp_workflows.plan.model import VariablePlan


def test_a_region_is_some_steps_of_one_level(plan: VariablePlan) -> None:
    expected = (slice(4, 6), slice(2, 3), slice(0, 16), slice(0, 32))
    assert region_of(plan, slice(4, 6), 2) == expected


def test_levels_of_several_dimensions_count_in_c_order(plan: VariablePlan) -> None:
    assert plan.settings is not None
    axes = Axes(time=None, level=(0, 2), y=1, x=3)
    spec = replace(plan.spec, shape=(5, 6, 7, 8))
    folded = replace(plan, settings=replace(plan.settings, axes=axes), spec=spec)
    expected = (slice(1, 2), slice(0, 6), slice(3, 4), slice(0, 8))
    assert region_of(folded, slice(0, 1), 10) == expected


@pytest.mark.parametrize(
    ("chunk", "time", "most", "expected"),
    [(8, 13, 10**6, (8, 16)), (8, 31, 10**6, (24, 32)), (8, 13, 3 * 512, (12, 15)),
     (8, 8, 3 * 512, (8, 11)), (8, 15, 3 * 512, (13, 16)), (8, 13, 1, (13, 14)),
     (64, 31, 10**6, (0, 32))],
)  # fmt: skip
def test_steps_about_one_are_of_its_chunk_and_not_too_many(
    plan: VariablePlan, chunk: int, time: int, most: int, expected: tuple[int, int]
) -> None:
    spec = replace(plan.spec, chunk=(chunk, 1, 16, 32), shard=None)
    found = steps_at_once(replace(plan, spec=spec), time, most)
    assert (found.start, found.stop) == expected
