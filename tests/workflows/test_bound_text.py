"""The text of a bound, and what it is in a variable's own unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp.bounds import ErrorBound
from climcomp.errors import BoundError
from climcomp_workflows.bound_text import BoundText, parse_bound, resolve_bound

READ = [
    ("0.01 K", 0.01, "K", "absolute"),
    ("0.01K", 0.01, "K", "absolute"),
    ("  0.01   m  s-1 ", 0.01, "m s-1", "absolute"),
    ("1e-3 K", 1e-3, "K", "absolute"),
    ("1e-3", 1e-3, None, "absolute"),
    (".5", 0.5, None, "absolute"),
    (2, 2.0, None, "absolute"),
    (0.25, 0.25, None, "absolute"),
    ("0.01 1e-3", 0.01, "1e-3", "absolute"),
    ("1 %", 0.01, None, "pointwise_relative"),
    ("1%", 0.01, None, "pointwise_relative"),
    ("1 % relative", 0.01, None, "pointwise_relative"),
    ("1 % absolute", 1.0, "%", "absolute"),
    ("0.1 % of range", 0.001, None, "range_relative"),
]


@pytest.mark.parametrize(("text", "value", "unit", "kind"), READ)
def test_a_bound_is_read(text: str | float, value: float, unit: str | None, kind: str) -> None:
    bound = parse_bound(text)
    assert bound.value == pytest.approx(value, rel=1e-15)
    assert (bound.unit, bound.kind) == (unit, kind)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "wanted a number and a unit"),
        ("K", "wanted a number and a unit"),
        ("tight", "wanted a number and a unit"),
        ("±0.1 K", "wanted a number and a unit"),
        ("0 K", "class: lossless"),
        (0, "class: lossless"),
        ("-0.1 K", "above 0"),
        ("nan K", "finite"),
        ("inf", "finite"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        ("1e400 K", "finite"),
        ("1e-400 K", "above 0"),
        ("0,01 K", "decimal point"),
        ("100 %", "below 100 %"),
        ("1 % of mean", "'of range'"),
        (True, "found true"),
    ],
)
def test_what_is_no_bound_says_why(text: str | float, says: str) -> None:
    with pytest.raises(BoundError, match=says):
        parse_bound(text)


@given(st.floats(min_value=1e-300, max_value=1e300), st.sampled_from(["K", "m s-1", "kg m-2", ""]))
def test_every_number_comes_back(value: float, unit: str) -> None:
    bound = parse_bound(f"{value!r} {unit}")
    assert (bound.value, bound.unit) == (value, unit or None)


@given(st.text(max_size=30))
def test_any_text_is_a_bound_or_a_bound_error(text: str) -> None:
    try:
        bound = parse_bound(text)
    except BoundError:
        return
    assert isinstance(bound, BoundText)
    assert bound.value > 0


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_units_give_a_bound_or_a_bound_error(unit: str, units: str) -> None:
    try:
        resolved = resolve_bound(BoundText(1.0, unit or None, "absolute", "1"), units)
    except BoundError:
        return
    assert resolved.bound.value > 0


@pytest.mark.parametrize(
    ("text", "units", "expected"),
    [
        ("0.01 K", "degC", ErrorBound("absolute", 0.01)),
        ("0.5 hPa", "Pa", ErrorBound("absolute", 50.0)),
        ("0.01", "1", ErrorBound("absolute", 0.01)),
        ("0.01", None, ErrorBound("absolute", 0.01)),
        ("0.01", "kg kg-1", ErrorBound("absolute", 0.01)),
        ("1 %", "K", ErrorBound("pointwise_relative", 0.01)),
        ("1 %", "1", ErrorBound("pointwise_relative", 0.01)),
        ("1 % relative", "%", ErrorBound("pointwise_relative", 0.01)),
        ("1 % absolute", "%", ErrorBound("absolute", 1.0)),
        ("1 % absolute", "1", ErrorBound("absolute", 0.01)),
        ("0.1 % of range", "%", ErrorBound("range_relative", 0.001)),
        ("1 dBZ", "dBZ", ErrorBound("absolute", 1.0)),
    ],
)
def test_a_bound_is_resolved(text: str, units: str | None, expected: ErrorBound) -> None:
    assert expected == resolve_bound(parse_bound(text), units).bound


@pytest.mark.parametrize(
    ("text", "units", "says"),
    [
        ("0.01 K", "Pa", "does not fit a variable in 'Pa'"),
        ("0.01", "K", '"0.01 K"'),
        ("1", "%", '"1 %"'),
        ("1 %", "%", "ambiguous"),
        ("1 % absolute", "K", "does not fit"),
        ("1 K", "level of trouble", "exactly that unit"),
        ("1 furlongs_of_joy", "K", "'furlongs_of_joy' is unknown"),
    ],
)
def test_a_bound_in_wrong_units_says_what_to_write(text: str, units: str, says: str) -> None:
    with pytest.raises(BoundError, match=says):
        resolve_bound(parse_bound(text), units)


def test_rain_in_mm_a_day_is_a_flux_with_a_note() -> None:
    bound = parse_bound("0.0864 mm/day")
    resolved = resolve_bound(bound, "kg m-2 s-1", "precipitation_flux")
    assert resolved.bound.value == pytest.approx(1e-6, rel=1e-13)
    assert resolved.note is not None
    with pytest.raises(BoundError):
        resolve_bound(bound, "kg m-2 s-1", "tendency_of_something")
