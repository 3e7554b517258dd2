"""The report on a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from climcomp_metrics.report import Report, VariableReport, render_text, verdict_sentence

MakeVariable = Callable[..., VariableReport]
MakeReport = Callable[..., Report]


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_asked(full_report: Report, width: int) -> None:
    assert max(len(line) for line in render_text(full_report, width).splitlines()) <= width


def test_long_names_stay_within_the_width(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    lines = render_text(report_of(kept_variable("x" * 250))).splitlines()
    assert max(map(len, lines)) <= 100


def test_every_sentence_is_there(full_report: Report) -> None:
    shown = " ".join(render_text(full_report).split())
    for variable in full_report.variables:
        if variable.how != "carried":
            assert verdict_sentence(variable) in shown


def test_carried_variables_share_a_line(full_report: Report) -> None:
    assert "Carried over exactly: lat, lon, time_bnds." in render_text(full_report)


def test_the_suites_stand_as_words_and_absent_ones_as_a_dash(full_report: Report) -> None:
    lines = render_text(full_report).splitlines()
    head = next(line for line in lines if line.startswith("Worst of each suite"))
    row = next(line for line in lines if line.startswith("zg_bad "))
    expected = ["Phys", "Point", "Distr", "Extr", "Cons", "Struct", "Temp", "Other"]
    assert head.split()[4:] == expected
    assert row.split()[1:] == ["pass", "pass", "pass", "pass", "FAIL", "pass", "n/a", "-"]


def test_nothing_can_steer_the_terminal(kept_variable: MakeVariable, report_of: MakeReport) -> None:
    variable = kept_variable("a\x1b[31m\u202e", fallbacks=("line\r\nforged",))
    text = render_text(report_of(variable))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\nforged" not in text


def test_what_was_not_checked_closes_the_list(full_report: Report) -> None:
    text = render_text(full_report)
    assert "  - C2 tile means: the grid has no cell areas [grp1/ua]" in text
    assert "  - F1, P1: stored with loss, but neither mask nor bound were measured" in text
