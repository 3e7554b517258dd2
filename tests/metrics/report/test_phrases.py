"""What verdicts say happened."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from climcomp_metrics.base import Criterion, Verdict
from climcomp_metrics.report.phrases import PHRASES, meaning_of, phrase
from climcomp_metrics.suites import CRITERIA

MakeVerdict = Callable[..., Verdict]


@pytest.mark.parametrize("row", CRITERIA, ids=lambda row: row.id)
def test_every_criterion_has_words_for_any_place(row: Criterion, verdict: MakeVerdict) -> None:
    assert row.id in PHRASES
    for place in ("", "time 3 (2001-01-04), level 2 (850 hPa), quantile 0.9999", "high end"):
        for detail in ({}, {"signed": -0.02}, {"signed": 0.02}):
            judged = verdict(row.id, row.name, "warn", 0.02, row.unit, place=place, detail=detail)
            said = str(phrase(judged))
            assert not set(said) & set("{}[]|")
            assert "0.02" in said or "2 %" in said or "98 %" in said


@pytest.mark.parametrize(
    ("criterion", "value", "unit", "place", "detail", "expected"),
    [
        ("E1", 0.004, "sigma", "level 0, quantile 0.0001", {"signed": 0.004},
         "the lowest 0.01 % of values is raised by 0.008 K (0.004 sigma) at level 0"),
        ("E3", 0.01, "sigma", "level 1 (500 hPa), low end", {"low end": -0.01, "high end": 0.001},
         "the lowest 0.1 % of values is lowered by 0.05 K (0.01 sigma) on average at "
         "level 1 (500 hPa)"),
        ("P2", 1e-4, "sigma", "", {"mean error": -0.0002},
         "the mean of all values is lowered by 0.0002 K"),
        ("D4", 0.0003, "1", "", {"signed": -0.0003}, "the standard deviation shrank by 0.03 %"),
        ("D5", 0.004, "1", "days of 0.1 mm or more",
         {"signed at 1 mm": 0.001, "signed at 0.1 mm": -0.004},
         "days of 0.1 mm or more became 0.4 % less frequent"),
        ("S1", 0.003, "1", "level 0, waves of 4 to 5 grid lengths (2 to 3 km)", {"signed": -0.003},
         "waves of 4 to 5 grid lengths (2 to 3 km) became 0.3 % weaker at level 0"),
        ("E4", 0.995, "1", "", {}, "0.5 % of the highest 0.1 % of values are at other places or "
         "times"),
        ("T4", 0.25, "1", "period 8 along x", {},
         "steps at every 8th cell along x are 25 % larger than elsewhere"),
        ("C2", 0.001, "SD of tile means", "level 0, over sigma: fewer than 30 time steps", {},
         "regional means moved by 0.1 % of their standard deviation at level 0"),
        ("P9", 0.06, "1", "", {"signed": -0.06},
         "the field is damped: errors follow its values (correlation 0.06)"),
        ("E8", 0.998, "1", "3 x 3 cells, p95", {},
         "rain moved to other places: skill score 0.998 (3 x 3 cells, p95)"),
        ("C6-kinetic", 5e-5, "1", "950, kinetic energy of ua and va", {"signed": -5e-5},
         "the kinetic energy of the wind shrank by 0.005 % at 950, kinetic energy of ua and va"),
    ],
)  # fmt: skip
def test_what_happened_is_told_with_its_sign_its_size_and_its_place(
    verdict: MakeVerdict,
    criterion: str,
    value: float,
    unit: str,
    place: str,
    detail: dict[str, float],
    expected: str,
) -> None:
    judged = verdict(criterion, "any", "pass", value, unit, place=place, detail=detail)
    assert str(phrase(judged, "K", (2.0, 5.0))) == expected


def test_a_metric_of_ones_own_is_told_by_its_name(verdict: MakeVerdict) -> None:
    own = verdict("X-fronts", "front strength", "pass", 0.2, "m s-1", 0.5, 1.0, place="time 4")
    assert str(phrase(own)) == "front strength is 0.2 m s-1 at time 4"
    assert meaning_of("X-fronts") == ""


def test_what_is_no_number_is_not_put_into_words(verdict: MakeVerdict) -> None:
    assert str(phrase(verdict("D4", "change of the SD", "fail", math.nan))).endswith("not a number")


def test_a_pure_number_in_percent_has_its_limits_in_percent(verdict: MakeVerdict) -> None:
    told = {name: phrase(verdict(name, "any", "pass", 0.99)).told for name in ("D4", "E4", "P8")}
    assert told == {"D4": "percent", "E4": "short", "P8": "value"}


def test_a_level_without_sigma_stays_in_sigma(verdict: MakeVerdict) -> None:
    judged = verdict("M7", "cell bias", "pass", 0.01, "sigma", place="level 9")
    assert (
        str(phrase(judged, "K", (2.0,)))
        == "the time mean of a place is off by 0.01 sigma at level 9"
    )
