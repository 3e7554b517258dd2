"""What is checked on every value of a shard, exactly."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from climcomp.bounds import NO_BOUND, ErrorBound
from climcomp.errors import BoundError, MetricError
from climcomp_metrics import (
    Place,
    ShardCheck,
    Verdict,
    check_shard,
    merge_checks,
    shard_verdicts,
)

ABSOLUTE = ErrorBound("absolute", 0.5)


@pytest.fixture
def check(make_settings: Callable, whole: Callable) -> Callable[..., ShardCheck]:
    def run(
        x: np.ndarray, y: np.ndarray, *bounds: ErrorBound | None, **changes: object
    ) -> ShardCheck:
        x, y = (
            np.asarray(array, dtype=np.float64).reshape(1, len(bounds), 1, -1) for array in (x, y)
        )
        changes.setdefault("sigma", (1.0,) * len(bounds))
        return check_shard(x, y, make_settings(x, **changes), whole(x), bounds)

    return run


def verdict(check: ShardCheck, name: str, field: object) -> Verdict:
    return next(v for v in shard_verdicts(check, field) if v.criterion == name)  # type: ignore[arg-type]


def test_the_largest_error_may_be_negative(check: Callable) -> None:
    result = check([1.0, 2.0, 3.0], [1.1, 1.2, 3.0], ErrorBound("absolute", 1.0))
    assert result.worst == pytest.approx(0.8)
    assert result.worst_place == "time 0, level 0, y 0, x 1"
    assert result.over == 0


def test_an_error_at_the_bound_is_kept_and_the_next_one_is_over(check: Callable) -> None:
    assert check([0.0, 1.0], [0.5, 1.0], ABSOLUTE).over == 0
    assert check([0.0, 1.0], [np.nextafter(0.5, 1.0), 1.0], ABSOLUTE).over == 1


def test_a_relative_bound_is_over_the_size_of_x_and_keeps_zeros(check: Callable) -> None:
    bound = ErrorBound("pointwise_relative", 0.01)
    result = check([-100.0, 0.0, 1.0], [-100.9, 0.0, 1.0], bound)
    assert (result.over, result.relative, result.worst) == (0, True, pytest.approx(0.009))
    lost = check([-100.0, 0.0, 1.0], [-100.9, 1e-30, 1.0], bound)
    assert (lost.over, lost.worst) == (1, np.inf)


def test_each_level_has_its_own_bound_and_the_one_furthest_beyond_is_named(check: Callable) -> None:
    bounds = (ErrorBound("absolute", 10.0), ErrorBound("absolute", 0.1))
    result = check([0, 0, 0, 0], [5.0, 0, 0.2, 0], *bounds)
    assert (result.over, result.worst, result.bound) == (1, 0.2, 0.1)
    assert result.worst_place == "time 0, level 1, y 0, x 0"


def test_without_a_bound_the_largest_error_is_shown_and_warns(
    check: Callable, make_settings: Callable
) -> None:
    result = check([0, 1, 2, 3], [0, 1, 9, 3.5], NO_BOUND, NO_BOUND)
    assert (result.over, result.worst, result.bound) == (0, 7.0, np.inf)
    assert result.worst_place == "time 0, level 1, y 0, x 0"
    field = make_settings(np.zeros((1, 2, 1, 2)), sigma=(1.0, 1.0))
    judged = verdict(result, "P1", field)
    assert (judged.outcome, judged.value, judged.fail) == ("warn", 7.0, None)
    assert judged.reason == "no bound is promised"
    stored = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert ShardCheck.from_dict(stored) == result
    other = check([0.0, 0.0], [50.0, 0.0], NO_BOUND)
    assert merge_checks(result, other).worst == merge_checks(other, result).worst == 50.0
    gone = check([0.0, 1.0], [np.nan, 1.0], NO_BOUND)
    assert verdict(gone, "F1", field).outcome == "fail"


def test_lossless_means_every_bit(check: Callable, make_settings: Callable) -> None:
    result = check([0.0, np.nan, np.inf, 1.0], [-0.0, np.nan, np.inf, 1.0], None, sigma=(0.0,))
    assert (result.over, result.worst) == (1, 0.0)
    field = make_settings(np.zeros((1, 1, 1, 4)), sigma=(0.0,))
    judged = verdict(result, "P1", field)
    assert (judged.outcome, judged.reason) == ("fail", "1 of 4 values whose bits differ")
    same = check([0.0, np.nan, -np.inf], [0.0, np.nan, -np.inf], None, sigma=(0.0,))
    assert verdict(same, "P1", field).outcome == "pass"


@pytest.mark.parametrize(
    ("original", "decoded"),
    [
        (np.nan, 1.0),
        (1.0, np.nan),
        (np.inf, -np.inf),
        (np.inf, np.nan),
        (1.0, np.inf),
        (-np.inf, 0),
    ],
)
def test_every_kind_of_moved_mask_is_counted(
    original: float, decoded: float, check: Callable
) -> None:
    result = check([1.0, original], [1.0, decoded], ErrorBound("absolute", 1e300))
    assert (result.mask_moved, result.mask_place) == (1, "time 0, level 0, y 0, x 1")
    assert result.over == (1 if np.isfinite(original) else 0)


def test_missing_values_in_both_are_no_difference(check: Callable) -> None:
    x = [np.nan, np.inf, -np.inf, 1.0]
    result = check(x, x, ABSOLUTE)
    assert (result.mask_moved, result.over, result.valid, result.values) == (0, 0, 1, 4)


def test_out_of_range_counts_only_what_was_inside(check: Callable) -> None:
    x, y = [0.5, 1.2, 0.9, 0.1], [1.1, 1.4, 0.9, np.inf]
    result = check(x, y, ABSOLUTE, kind="B", unit="1")
    assert (result.outside, result.range_place) == (2, "time 0, level 0, y 0, x 0")


def test_percent_and_declared_ranges_are_known(make_settings: Callable) -> None:
    x = np.zeros((1, 1, 1, 1))
    assert make_settings(x, kind="B", unit="%", sigma=(0.0,)).limits == (0.0, 100.0)
    assert make_settings(x, kind="P", sigma=(0.0,)).limits == (0.0, np.inf)
    assert make_settings(x, kind="C", sigma=(0.0,)).limits is None
    assert make_settings(x, valid_range=(1.0, 2.0), sigma=(0.0,)).limits == (1.0, 2.0)


def test_zeros_fail_for_p_warn_for_b_and_mean_nothing_for_c(
    check: Callable, make_settings: Callable
) -> None:
    outcomes = {}
    for kind in "PBC":
        field = make_settings(np.zeros((1, 1, 1, 3)), kind=kind, unit="1", sigma=(1.0,))
        result = check([0.0, 0.3, 0.4], [0.1, 0.0, 0.4], ABSOLUTE, kind=kind, unit="1")
        outcomes[kind] = verdict(result, "F3", field).outcome
    assert outcomes == {"P": "fail", "B": "warn", "C": "n/a"}


def test_promised_zeros_of_a_continuous_variable_may_not_be_lost_but_may_appear(
    check: Callable, make_settings: Callable
) -> None:
    field = make_settings(np.zeros((1, 1, 1, 2)), zeros_exact=True, sigma=(1.0,))
    lost = check([0.0, 1.0], [0.1, 1.0], ABSOLUTE, zeros_exact=True)
    new = check([0.3, 1.0], [0.0, 1.0], ABSOLUTE, zeros_exact=True)
    assert verdict(lost, "F3", field).outcome == "fail"
    assert verdict(new, "F3", field).outcome == "pass"


def test_zeros_lost_and_new_are_told_apart(check: Callable) -> None:
    result = check([0.0, 0.3, 0.0, np.nan], [0.1, 0.0, 0.0, 0.0], ABSOLUTE, kind="P")
    assert (result.zeros, result.zeros_lost, result.zeros_new) == (2, 1, 1)


def test_negative_zero_for_zero_is_still_zero(check: Callable) -> None:
    result = check([0.0, 1.0], [-0.0, 1.0], ABSOLUTE, kind="P")
    assert (result.zeros_lost, result.zeros_new, result.over) == (0, 0, 0)


def test_flags_must_come_back(check: Callable, make_settings: Callable) -> None:
    result = check([-999.0, 1.0], [-998.9, 1.0], ABSOLUTE, exact=(-999.0,))
    field = make_settings(np.zeros((1, 1, 1, 2)), exact=(-999.0,), sigma=(1.0,))
    assert verdict(result, "F5", field).outcome == "fail"
    assert verdict(result, "P1", field).outcome == "pass"


def test_a_flag_is_the_nearest_value_of_the_stored_type(
    make_settings: Callable, whole: Callable
) -> None:
    x = np.array([1e20, 1.0], np.float32).reshape(1, 1, 1, 2)
    y = np.array([1.0000001e20, 1.0], np.float32).reshape(1, 1, 1, 2)
    field = make_settings(x, exact=(1e20,), sigma=(1.0,))
    assert check_shard(x, x, field, whole(x), [ABSOLUTE]).special_changed == 0
    assert check_shard(x, y, field, whole(x), [ABSOLUTE]).special_changed == 1


def test_mask_and_largest_error_are_never_na(check: Callable, make_settings: Callable) -> None:
    for x in ([np.nan, np.nan], [1.0, 1.0]):
        result = check(x, x, None, sigma=(0.0,))
        field = make_settings(np.full((1, 1, 1, 2), x[0]), sigma=(0.0,))
        judged = {v.criterion: v.outcome for v in shard_verdicts(result, field)}
        assert (judged["F1"], judged["P1"]) == ("pass", "pass")


def test_a_bound_relative_to_the_range_is_refused(check: Callable) -> None:
    with pytest.raises(BoundError, match="absolute"):
        check([1.0], [1.0], ErrorBound("range_relative", 0.1))


@pytest.mark.parametrize(
    ("shape", "dtype", "match"),
    [((1, 1, 2, 3), np.float32, "shape"), ((1, 1, 2, 2), np.float64, "float32")],
)
def test_arrays_that_do_not_fit_are_refused(
    shape: tuple[int, ...], dtype: type, match: str, make_settings: Callable, whole: Callable
) -> None:
    x = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(MetricError, match=match):
        check_shard(x, np.ones(shape, dtype), make_settings(x), whole(x), [ABSOLUTE])


def test_places_count_from_the_start_of_the_variable() -> None:
    place = Place("ta", (10, 2, 0, 100), (1, 1, 1, 1))
    assert place.label((0, 1, 4, 7)) == "time 10, level 3, y 4, x 107"


values = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e-40, 3.4e38]),
    st.floats(-10, 10, width=32),
)


@given(
    arrays=st.tuples(
        npst.arrays(np.float32, (2, 1, 3, 7), elements=values),
        npst.arrays(np.float32, (2, 1, 3, 7), elements=values),
    ),
    relative=st.booleans(),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_those_of_numpy(
    arrays: tuple[np.ndarray, np.ndarray], relative: bool, make_settings: Callable, whole: Callable
) -> None:
    x, y = arrays
    bound = ErrorBound("pointwise_relative" if relative else "absolute", 0.125)
    field = make_settings(x, kind="P", sigma=(1.0,))
    result = check_shard(x, y, field, whole(x), [bound])
    a, b = x.astype(np.float64), y.astype(np.float64)
    finite = np.isfinite(a)
    same = (finite & np.isfinite(b)) | (np.isnan(a) & np.isnan(b)) | (~finite & (a == b))
    with np.errstate(invalid="ignore"):
        kept = np.abs(b - a) <= bound.tolerance(x)
    assert result.mask_moved == np.count_nonzero(~same)
    assert result.over == np.count_nonzero(finite & ~kept)
    assert result.outside == np.count_nonzero(finite & (a >= 0) & (b < 0))
    assert result.zeros_lost == np.count_nonzero((a == 0) & (b != 0))
    assert result.zeros_new == np.count_nonzero(finite & (a != 0) & (b == 0))


@given(cut=st.integers(1, 5), swap=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_checks_merge_in_any_order(
    cut: int, swap: bool, make_settings: Callable, whole: Callable
) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (6, 1, 4, 5)).astype(np.float32)
    y = x + rng.choice([0.0, 0.0, -1.0, 0.3], x.shape).astype(np.float32)
    x[4, 0, 0, 0] = np.nan
    field = make_settings(x, kind="P", sigma=(1.0,))
    parts = []
    for a, b in ((0, cut), (cut, 6)):
        place = Place("tas", (a, 0, 0, 0), (b - a, 1, 4, 5))
        parts.append(check_shard(x[a:b], y[a:b], field, place, [ABSOLUTE]))
    merged = merge_checks(*(reversed(parts) if swap else parts))
    assert merged == merge_checks(*parts)
    complete = check_shard(x, y, field, whole(x), [ABSOLUTE])
    counts = ("values", "valid", "mask_moved", "outside", "zeros", "zeros_lost", "over", "worst")
    assert [getattr(merged, n) for n in counts] == [getattr(complete, n) for n in counts]


def test_a_check_comes_back_from_json(check: Callable) -> None:
    result = check([1.0, 0.0], [np.inf, 0.0], ABSOLUTE)
    assert ShardCheck.from_dict(json.loads(json.dumps(result.to_dict()))) == result
