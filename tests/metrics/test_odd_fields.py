"""Fields that are constant, missing, infinite, empty, tiny or huge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from climcomp.bounds import ErrorBound
from climcomp.errors import MetricError
from climcomp_metrics import (
    Place,
    check_shard,
    judge,
    measure,
    merge,
    shard_verdicts,
    summarise,
)
from climcomp_metrics.domain import Domain

RNG = np.random.default_rng(1)
NORMAL = RNG.standard_normal((32, 1, 9, 11))

FIELDS = {
    "constant": np.full((32, 1, 9, 11), 273.15),
    "all missing": np.full((32, 1, 9, 11), np.nan),
    "infinite": np.where(NORMAL > 1.0, np.inf, NORMAL),
    "some missing": np.where(NORMAL > 1.0, np.nan, NORMAL),
    "missing steps": np.where(np.arange(32)[:, None, None, None] % 3 == 0, np.nan, NORMAL),
    "one step": NORMAL[:1],
    "one row": NORMAL[:, :, :1],
    "one column": NORMAL[..., :1],
    "one cell": NORMAL[:, :, :1, :1],
    "one value": NORMAL[:1, :, :1, :1],
    "empty": NORMAL[:0],
    "huge": NORMAL * 1e36,
    "a fill inside": np.where(NORMAL > 2.0, 1e20, NORMAL),
    "subnormal": NORMAL * 1e-41,
    "all zero": np.zeros((32, 1, 9, 11)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["C", "P", "B"])
@pytest.mark.parametrize("name", FIELDS)
def test_an_odd_field_stored_losslessly_passes_everything(
    name: str, kind: str, dtype: type, make_settings: Callable, whole: Callable
) -> None:
    x = FIELDS[name].astype(dtype)
    field = make_settings(x, kind=kind, unit="1")
    weights = np.ones(x.shape[2:])
    values = summarise(measure(x, x, field, Domain(weights), whole(x)), field, Domain(weights))
    verdicts = judge(values, field)
    check = check_shard(x, x, field, whole(x), [None])
    assert {v.outcome for v in [*verdicts, *shard_verdicts(check, field)]} <= {
        "pass",
        "n/a",
        "report",
    }


@pytest.mark.parametrize("kind", ["C", "P"])
@pytest.mark.parametrize("name", FIELDS)
def test_an_odd_field_with_errors_gives_numbers_or_reasons(
    name: str, kind: str, make_settings: Callable, whole: Callable
) -> None:
    x = FIELDS[name].astype(np.float32)
    y = (x * np.float32(1.001)).astype(np.float32)
    field = make_settings(x, kind=kind)
    weights = np.ones(x.shape[2:])
    for value in summarise(measure(x, y, field, Domain(weights), whole(x)), field, Domain(weights)):
        assert value.reason if value.value is None else not np.isnan(value.value), value


small = st.one_of(
    st.sampled_from([0.0, 1.0, np.nan, np.inf, 1e-40, 3e38, 273.15]), st.floats(-5, 5, width=32)
)
pairs = npst.array_shapes(min_dims=4, max_dims=4, min_side=1, max_side=6).flatmap(
    lambda shape: st.tuples(*(npst.arrays(np.float32, shape, elements=small) for _ in "xy"))
)


@given(pair=pairs, kind=st.sampled_from("CPB"), periodic=st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_field_crashes_the_metrics_or_gives_nan(
    pair: tuple[np.ndarray, np.ndarray],
    kind: str,
    periodic: bool,
    make_settings: Callable,
    whole: Callable,
) -> None:
    x, y = pair
    field = make_settings(x, kind=kind, periodic_x=periodic)
    weights = np.ones(x.shape[2:])
    values = summarise(measure(x, y, field, Domain(weights), whole(x)), field, Domain(weights))
    assert not any(value.value is not None and np.isnan(value.value) for value in values)
    judge(values, field)


def test_values_whose_squares_overflow_are_no_pass(
    make_settings: Callable, whole: Callable
) -> None:
    x = NORMAL * 1e300
    field = make_settings(x, sigma=(1e300,))
    weights = np.ones(x.shape[2:])
    values = summarise(
        measure(x, x * 1.5, field, Domain(weights), whole(x)), field, Domain(weights)
    )
    assert {v.outcome for v in judge(values, field)} == {"n/a"}
    assert {value.reason for value in values} == {"the squares of the values overflow"}


def test_special_values_are_not_measured(values_of: Callable, make_settings: Callable) -> None:
    x = np.where(NORMAL > 2.0, -999.0, NORMAL)
    y = np.where(NORMAL > 2.0, -999.0, NORMAL + 0.01)
    hole = np.where(NORMAL > 2.0, np.nan, NORMAL)
    bare = make_settings(hole)
    flagged = make_settings(hole, exact=(-999.0,))
    weights = np.ones((9, 11))
    expected = values_of(hole, hole + 0.01, bare, weights)
    actual = values_of(x, y, flagged, weights)
    for metric in ("P2", "P4", "D4", "C1"):
        assert actual[metric].value == pytest.approx(expected[metric].value, rel=1e-6)


def test_a_single_cell_needs_no_area(values_of: Callable, make_settings: Callable) -> None:
    x = NORMAL[:, :, :1, :1]
    field = make_settings(x, sigma=(1.0,), has_area="a station")
    place = Place("tas", (0, 0, 0, 0), x.shape)
    values = summarise(measure(x, x + 0.01, field, Domain(), place), field, Domain(None))
    bias = next(value for value in values if value.metric == "P2")
    assert bias.value == pytest.approx(0.01)


def test_an_empty_part_merges_as_nothing(make_settings: Callable, whole: Callable) -> None:
    field = make_settings(NORMAL)
    place = Place("tas", (0, 0, 0, 0), (0, 1, 9, 11))
    empty = measure(NORMAL[:0], NORMAL[:0], field, Domain(), place)
    full = measure(NORMAL, NORMAL, field, Domain(), whole(NORMAL))
    for merged in (merge(empty, full), merge(full, empty)):
        assert merged.keys() == full.keys()


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_weights_that_are_no_weights_are_refused(
    bad: float, make_settings: Callable, whole: Callable
) -> None:
    weights = np.ones((9, 11))
    weights[3, 4] = bad
    with pytest.raises(MetricError, match="finite and not negative"):
        measure(NORMAL, NORMAL, make_settings(NORMAL), Domain(weights), whole(NORMAL))


def test_a_part_beyond_the_variable_is_refused(make_settings: Callable) -> None:
    place = Place("tas", (1, 0, 0, 0), NORMAL.shape)
    with pytest.raises(MetricError, match="beyond"):
        measure(NORMAL, NORMAL, make_settings(NORMAL), Domain(), place)


def test_arrays_of_any_memory_order_give_the_same(make_settings: Callable, whole: Callable) -> None:
    field = make_settings(NORMAL)
    bound = [ErrorBound("absolute", 0.1)]
    y = NORMAL + 0.01
    frozen = y.copy()
    frozen.flags.writeable = False
    expected = check_shard(NORMAL, y, field, whole(NORMAL), bound)
    assert check_shard(np.asfortranarray(NORMAL), frozen, field, whole(NORMAL), bound) == expected
    one = measure(NORMAL, y, field, Domain(), whole(NORMAL))
    other = measure(np.asfortranarray(NORMAL), frozen, field, Domain(), whole(NORMAL))
    for key, array in one.items():
        np.testing.assert_array_equal(other[key], array)
