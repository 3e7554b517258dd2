"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from climcomp_metrics.report.quantity import (
    duration,
    number_beside,
    number_text,
    percent,
    quantity,
    size,
    times,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.00998, "0.00998"),
        (0.009999999776482582, "0.01"),
        (-0.5, "-0.5"),
        (13.24, "13.2"),
        (999.7, "1000"),
        (101325.0, "101325"),
        (4.12e-05, "4.12e-5"),
        (1.5e12, "1.5e12"),
        (float("nan"), "not a number"),
        (float("inf"), "infinite"),
        (float("-inf"), "-infinite"),
    ],
)
def test_three_digits_are_kept_without_needless_exponents(value: float, expected: str) -> None:
    assert number_text(value) == expected


def test_a_value_over_its_limit_never_reads_as_the_limit() -> None:
    assert number_beside(0.010001, 0.01) == "0.010001"
    assert number_beside(0.0104, 0.01) == "0.0104"
    assert number_beside(0.01, 0.01) == "0.01"


def test_the_unit_of_a_pure_number_is_left_out() -> None:
    assert quantity(0.5, "1") == quantity(0.5, "") == "0.5"
    assert quantity(0.5, "m s-1") == "0.5 m s-1"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, "0 %"), (0.004, "0.4 %"), (0.412, "41 %"), (0.998, "99.8 %"), (0.99999, "99.9 %"),
     (1.0, "100 %"), (2.5, "250 %")],
)  # fmt: skip
def test_only_what_is_at_its_limit_reads_as_100_percent(share: float, expected: str) -> None:
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_499, "999 kB"), (999_900, "1 MB"),
     (12_345_678, "12.3 MB"), (3 * 10**15, "3 PB")],
)  # fmt: skip
def test_sizes_are_in_powers_of_1000(count: int, expected: str) -> None:
    assert size(count) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.34, "340 ms"), (3.21, "3.2 s"), (59.97, "1 min 0 s"), (250, "4 min 10 s"),
     (7500, "2 h 5 min")],
)  # fmt: skip
def test_durations_are_in_two_parts_at_most(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_nothing_stored_has_no_ratio() -> None:
    assert times(None) == "-"
    assert times(13.24) == "13.2 x"
