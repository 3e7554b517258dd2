"""Suites, shares of limits and the worst of many verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.verdicts import by_suite, closest, share_of_limit, suite_of, worst

MakeVerdict = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("outcome", "value", "warn", "fail", "expected"),
    [
        ("pass", 0.001, 0.001, 0.004, 0.25),
        ("pass", -0.001, 0.001, 0.004, 0.25),
        ("pass", 5e-6, 1e-5, None, 0.5),
        ("pass", 0.995, 0.99, 0.98, 0.25),
        ("fail", 0.96, 0.99, 0.98, 2.0),
        ("pass", 0.995, 0.98, 0.98, 0.25),
        ("fail", 0.96, 0.98, 0.98, 2.0),
        ("pass", 0.0, None, 0.0, 0.0),
        ("fail", 3.0, None, 0.0, None),
        ("report", 71.3, None, None, None),
        ("n/a", None, 0.001, 0.004, None),
    ],
)
def test_the_share_of_a_limit_counts_from_perfect(
    verdict: MakeVerdict,
    outcome: str,
    value: float | None,
    warn: float | None,
    fail: float | None,
    expected: float | None,
) -> None:
    share = share_of_limit(verdict("X1", "any", outcome, value, "1", warn, fail))
    assert share == (expected if expected is None else pytest.approx(expected, rel=1e-9))


def test_the_bound_does_not_count_as_the_closest_limit(verdict: MakeVerdict) -> None:
    bound = verdict("P1", "largest error", "pass", 0.0099, "K", None, 0.01)
    tiles = verdict("C2", "tile means", "pass", 0.0009, "1", 0.001, 0.003)
    assert closest([bound, tiles])[1] == tiles
    assert closest([bound]) == (0.0, None)


def test_plug_ins_have_a_suite_of_their_own(verdict: MakeVerdict) -> None:
    names = ["F1", "P10", "D4", "E5", "S1", "C2", "T4", "M7", "Pressure", "my_metric", "Q1", ""]
    expected = ["Physical", "Pointwise", "Distribution", "Extremes", "Spectral", "Conservation"]
    expected += ["Structure", "Temporal", "Other", "Other", "Other", "Other"]
    names += ["S1-fine", "E6-TXx", "M3-phase", "X-front_strength", "X-"]
    expected += ["Spectral", "Extremes", "Temporal", "Own", "Other"]
    assert [suite_of(verdict(name, "any", "report")) for name in names] == expected


def test_suites_come_in_the_order_of_the_metrics_page(verdict: MakeVerdict) -> None:
    verdicts = [verdict(name, "any", "report") for name in ("own", "C1", "F1", "C2")]
    assert list(by_suite(verdicts)) == ["Physical", "Conservation", "Other"]


def test_a_failure_is_worse_than_everything_and_no_verdict_is_none() -> None:
    assert worst(["pass", "n/a", "fail", "warn"]) == "fail"
    assert worst(["n/a", "report", "pass"]) == "pass"
    assert worst(["n/a", "report"]) == "report"
    assert worst([]) is None
