"""Settings that were tried, and who objected."""

from __future__ import annotations

from xml.etree import ElementTree

from climcomp_metrics.report import AttemptReport
from climcomp_metrics.report.figures import RatePoint, draw_ladder, draw_rate
from climcomp_metrics.report.figures.rate import first_failures

POINTS = [
    RatePoint("sz3 at 0.1 K", 40, 0.099, ("C2", "T4", "S1-fine", "X-mine")),
    RatePoint("sz3 at 0.01 K", 110, 0.0099),
    RatePoint("sz3 at 0.03 K", 70, 0.0297, ("C2",)),
    RatePoint("sz3 at 0.001 K", 300, 0.001),
]


def test_a_suite_fails_first_at_its_smallest_error() -> None:
    found = {suite: point.setting for suite, point in first_failures(POINTS).items()}
    assert found == {
        "Conservation": "sz3 at 0.03 K",
        "Structure": "sz3 at 0.1 K",
        "Spectral": "sz3 at 0.1 K",
        "Own": "sz3 at 0.1 K",
    }


def test_the_curve_tells_the_best_that_fails_nothing() -> None:
    drawing = draw_rate(POINTS, 1000, "tas", "K")
    assert drawing is not None
    assert "sz3 at 0.01 K gives 9.09 x and fails nothing" in drawing.alt
    assert "Conservation from sz3 at 0.03 K on" in drawing.alt
    assert "largest error (K)" in drawing.svg


def test_a_curve_needs_two_points() -> None:
    assert draw_rate(POINTS[:1], 1000, "tas", "K") is None
    assert draw_rate([RatePoint("lossless", 500, 0.0), POINTS[1]], 1000, "tas", "K") is None


def test_a_curve_may_have_nothing_that_fails_and_nothing_that_passes() -> None:
    for points in (POINTS[1::2], POINTS[::2]):
        drawing = draw_rate(points, 1000, "tas", "K")
        assert drawing is not None
        ElementTree.fromstring(drawing.svg)


def test_the_ladder_names_the_criteria_of_every_rung() -> None:
    drawing = draw_ladder(
        (
            AttemptReport(
                rung="sz3 at 0.1 K",
                failed=("C2 tile means is 0.0041, limit 0.003", "E1 tail quantiles is 0.06"),
            ),
            AttemptReport(rung="sz3 at 0.03 K", failed=("C2 tile means is 1; S1-fine is 2",)),
            AttemptReport(rung="sz3 at 0.01 K"),
        ),
        "tas",
    )
    assert drawing is not None
    assert "sz3 at 0.1 K fails E1, C2" in drawing.alt or "sz3 at 0.1 K fails C2, E1" in drawing.alt
    assert "sz3 at 0.03 K fails C2, S1-fine" in drawing.alt
    assert "sz3 at 0.01 K is kept" in drawing.alt


def test_what_was_kept_at_once_needs_no_ladder() -> None:
    assert draw_ladder((AttemptReport(rung="sz3 at 0.01 K"),), "tas") is None
    assert draw_ladder((), "tas") is None


def test_a_reason_without_a_criterion_is_shown_by_its_first_word() -> None:
    drawing = draw_ladder((AttemptReport(rung="zfp", failed=("timeout after 3 s",)),), "tas")
    assert drawing is not None
    assert "zfp fails timeout" in drawing.alt
