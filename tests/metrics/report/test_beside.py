"""Two archives side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from climcomp.errors import UsageError
from climcomp_metrics.base import Verdict
from climcomp_metrics.report import (
    Beside,
    Report,
    VariableReport,
    beside,
    render_beside_html,
    render_beside_text,
)

MakeVariable = Callable[..., VariableReport]
MakeVerdict = Callable[..., Verdict]
MakeReport = Callable[..., Report]

LABELS = ("a.zarr", "b.zarr")


@pytest.fixture
def found(
    kept_variable: MakeVariable,
    judged_again: MakeVariable,
    report_of: MakeReport,
    verdict: MakeVerdict,
) -> Beside:
    """`tas` in both, looser in the second; one variable in each alone; coordinates in both."""
    moved = verdict("C2", "tile means", "warn", 0.002, "1", 0.001, 0.003)
    looser = judged_again(kept_variable(stored_bytes=645_000), moved)
    lat = kept_variable("lat", how="carried", verdicts=())
    first = report_of(kept_variable(), kept_variable("pr"), lat)
    second = report_of(looser, kept_variable("ua"), lat, name="looser")
    return beside(LABELS, (first, second))


def test_variables_are_matched_by_their_names(found: Beside) -> None:
    assert [one.name for one in found.variables] == ["tas"]
    assert found.only == (("pr",), ("ua",))


def test_a_machine_reads_both_values_of_every_criterion(found: Beside) -> None:
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    (tas,) = document["variables"]
    assert [round(ratio, 1) for ratio in tas["ratio"]] == [13.2, 26.4]
    assert tas["standing"] == ["pass", "warn"]
    assert tas["suites"]["Conservation"] == ["pass", "warn"]
    (tiles,) = [one for one in tas["criteria"] if one["criterion"] == "C2"]
    assert [v["value"] for v in tiles["verdicts"]] == [0.00091, 0.002]
    assert len(tas["criteria"]) == 15


def test_the_text_names_what_differs_and_nothing_else(found: Beside) -> None:
    lines = render_beside_text(found).splitlines()
    assert "    C2 tile means                  0.00091                0.002 WARN" in "\n".join(
        lines
    )
    assert not [line for line in lines if "D1" in line or "T2" in line]
    assert "  ratio                            13.2 x                 26.4 x" in lines
    assert lines[-2:] == ["Only in A: pr.", "Only in B: ua."]
    assert max(map(len, lines)) <= 100


def test_the_page_has_all_criteria_of_both(found: Beside) -> None:
    page = render_beside_html(found)
    assert page.count("C2 tile means") == 1
    assert "D1 body quantiles" in page
    assert "hadcm3-a1b and looser side by side" in page


def test_another_shape_or_unit_is_remarked(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    other = kept_variable(shape=(12, 37, 49), unit="degC")
    found = beside(LABELS, (report_of(kept_variable()), report_of(other)))
    assert found.variables[0].remarks == (
        "the shape differs: time 240, lat 37, lon 49 and time 12, lat 37, lon 49",
        "the unit differs: K and degC",
    )


def test_a_criterion_that_one_has_alone_stands_beside_nothing(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    lossless = kept_variable(how="lossless", verdicts=(), bound=None)
    found = beside(LABELS, (report_of(kept_variable()), report_of(lossless)))
    assert {one.verdicts[1] for one in found.variables[0].criteria} == {None}
    assert "not judged" in render_beside_html(found)


def test_archives_without_a_common_variable_are_refused_with_what_they_have(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    lat = kept_variable("lat", how="carried", verdicts=())
    reports = report_of(kept_variable(), lat), report_of(kept_variable("pr"), lat)
    with pytest.raises(UsageError, match=r"no variable in common: a\.zarr has tas; b\.zarr has pr"):
        beside(LABELS, reports)


def test_texts_of_a_source_stay_text(kept_variable: MakeVariable, report_of: MakeReport) -> None:
    report = report_of(kept_variable("<script>alert(1)</script>"))
    page = render_beside_html(beside(("<b>a</b>", "b"), (report, replace(report, name="<i>"))))
    assert "<script>" not in page
    assert "<b>a</b>" not in page
    assert "<i>" not in page
