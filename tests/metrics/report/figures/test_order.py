"""Which level comes first, and whose limits a figure shows."""

from __future__ import annotations

import math

from climcomp_metrics import Limits, Value
from climcomp_metrics.report.figures import levels_worst_first
from climcomp_metrics.report.figures.limits import limits_of


def test_the_level_nearest_to_a_limit_comes_first() -> None:
    values = [
        Value("P2", 0, 1e-4, "1"),  # a tenth of its limit
        Value("P2", 1, 5e-4, "1"),
        Value("C2", 0, 2.7e-3, "1"),  # nine tenths
        Value("C2", 2, None, "1", reason="no tiles"),
    ]
    assert levels_worst_first(values) == (0, 1, 2)


def test_a_score_is_bad_where_it_is_small() -> None:
    values = [Value("E4", 0, 0.999, "1"), Value("E4", 1, 0.985, "1"), Value("P2", 0, 5e-4, "1")]
    assert levels_worst_first(values) == (1, 0)


def test_a_number_that_is_none_is_the_worst() -> None:
    values = [Value("P2", 0, 1.0, "1"), Value("P2", 1, math.nan, "1")]
    assert levels_worst_first(values) == (1, 0)


def test_the_limits_in_force_decide() -> None:
    values = [Value("P2", 0, 5e-4, "1"), Value("C2", 1, 2e-3, "1")]
    assert levels_worst_first(values) == (1, 0)
    assert levels_worst_first(values, Limits({"C2.fail": 0.1})) == (0, 1)


def test_values_of_the_whole_variable_have_no_level() -> None:
    assert levels_worst_first([Value("C4-toa", None, 1.0, "W m-2")]) == ()


def test_a_class_without_the_criterion_has_no_limit() -> None:
    assert limits_of("E1", "C", None) == (0.02, 0.05)
    assert all(math.isnan(limit) for limit in limits_of("E1", "B", None))
