"""Values of portable variables: rounded as far as a bound allows, special ones bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from climcomp.bounds import ErrorBound
from climcomp_workflows.portable import round_within

ANY = hnp.arrays(
    st.sampled_from([np.dtype("f4"), np.dtype("f8")]),
    st.integers(0, 30),
    elements=st.floats(width=32, allow_subnormal=False, min_value=-(2.0**90), max_value=2.0**90),
)


@given(ANY, st.sampled_from([1e-3, 0.5, 7.0]))
def test_absolute_rounding_keeps_its_bound(values: np.ndarray, bound: float) -> None:
    rounded = round_within(values, ErrorBound("absolute", bound), ())
    assert rounded.dtype == values.dtype
    error = np.abs(rounded.astype("f8") - values.astype("f8"))
    assert (error <= bound).all()


@given(ANY, st.sampled_from([1e-3, 0.01, 0.3]))
def test_relative_rounding_keeps_its_bound_and_zeros(values: np.ndarray, bound: float) -> None:
    rounded = round_within(values, ErrorBound("pointwise_relative", bound), ())
    error = np.abs(rounded.astype("f8") - values.astype("f8"))
    assert (error <= bound * np.abs(values.astype("f8"))).all()
    assert (rounded[values == 0] == 0).all()


@pytest.mark.parametrize("kind", ["absolute", "pointwise_relative"])
def test_nan_infinities_and_exact_values_keep_their_bits(kind: str) -> None:
    values = np.array([1.2345, np.nan, np.inf, -np.inf, -9999.4, 0.0, -0.0], np.float32)
    bound = ErrorBound(kind, 0.25)  # type: ignore[arg-type]  # of the kinds
    rounded = round_within(values, bound, (-9999.4, 0.0))
    np.testing.assert_array_equal(
        rounded[1:].view(np.uint32), values[1:].view(np.uint32), strict=True
    )
    assert rounded[0] != values[0]


def test_the_result_is_new_and_c_contiguous() -> None:
    values = np.asfortranarray(np.ones((3, 4), np.float32))
    rounded = round_within(values, ErrorBound("absolute", 0.1), ())
    assert rounded.flags.c_contiguous
    assert not np.shares_memory(values, rounded)
