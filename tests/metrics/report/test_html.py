"""The page: complete, escaped, self-contained and light."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from climcomp_metrics.base import Verdict
from climcomp_metrics.report import Report, VariableReport, render_html
from climcomp_metrics.report.markup import Markup, element, escaped, joined

MakeVariable = Callable[..., VariableReport]
MakeVerdict = Callable[..., Verdict]
MakeReport = Callable[..., Report]

VOID = {"meta", "input", "br", "wbr"}


class Reader(HTMLParser):
    """Reads a page, and fails where an element is not closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        if self.tags[-1:] == ["wbr"] and self.texts:
            self.texts[-1] += data  # a name that may be broken is one name
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def page(full_report: Report) -> Reader:
    return Reader(render_html(full_report))


def test_every_element_is_closed_and_every_id_is_unique(page: Reader) -> None:
    ids = [value for name, value in page.attributes if name == "id"]
    assert page.open == []
    assert len(ids) == len(set(ids))


def test_no_text_of_a_source_becomes_markup(page: Reader) -> None:
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert '"><img src=x onerror=alert(1)>' in page.text


def test_control_and_direction_characters_are_replaced() -> None:
    assert escaped("a\x1b[2J\u202eb\x00") == "a\ufffd[2J\ufffdb\ufffd"


def test_only_markup_goes_in_as_it_is() -> None:
    expected = '<p title="&lt;&quot;&#x27;">&lt;b&gt;<b>kept</b></p>'
    assert element("p", "<b>", Markup("<b>kept</b>"), title="<\"'") == expected
    assert joined("&", Markup("&amp;")) == "&amp;&amp;"


def test_the_page_fetches_nothing_and_runs_nothing(full_report: Report) -> None:
    html = render_html(full_report)
    assert "default-src &#x27;none&#x27;" in html
    assert not re.search(r"https?://|url\(|@import|<link|<script|\ssrc=(?!x onerror)", html)


def test_every_outcome_and_standing_is_shown_in_words(page: Reader, full_report: Report) -> None:
    standings = {variable.standing for variable in full_report.variables}
    outcomes = {v.outcome for variable in full_report.variables for v in variable.verdicts}
    assert standings == {"pass", "warn", "fail", "exact", "unchecked"}
    assert outcomes == {"pass", "warn", "fail", "n/a", "report"}
    shown = {text.strip() for text in page.texts}
    assert {"pass", "warn", "fail", "exact", "unchecked", "n/a", "shown"} <= shown


def test_every_shape_that_is_used_is_drawn(page: Reader) -> None:
    used = {(value or "")[1:] for name, value in page.attributes if name == "href"}
    drawn = {value for name, value in page.attributes if name == "id"}
    assert used
    assert used <= drawn


def test_every_criterion_has_value_limit_source_and_place(page: Reader) -> None:
    expected = (
        "C1 global mean series would mean: the area mean of a time step moved fail 0.0104 > 0.005, "
        "> 0.01 104 % recipe line 31 time 88 (1867-05-01)"
    )
    assert expected in page.text
    assert re.search(
        r"T1 DSSIM would .{9,99} measured on every 64th slice .32 of 2880. pass", page.text
    )
    assert "at other places or times pass 0.995 < 0.99, < 0.98 25 %" in page.text


def test_what_was_not_checked_is_told_with_its_reason(page: Reader) -> None:
    assert "M1 variance ratio 12 time steps, 30 are needed tas, grp1/ua, pr, zg_bad" in page.text
    assert "criteria over several variables (C4 to C6) are not part of this version" in page.text
    assert "T1 DSSIM every 64th slice (32 of 2880)" in page.text


def test_provenance_and_sizes_are_there(page: Reader, full_report: Report) -> None:
    assert full_report.recipe_digest in page.text
    assert full_report.plan_digest in page.text
    assert "A1B_north_america.nc 1.8 MB 2001-09-09 01:46:40" in page.text
    assert "pysz 1.1.0" in page.text


def test_what_needs_a_look_comes_first(page: Reader) -> None:
    verdicts = page.text[page.text.index("Verdicts") : page.text.index("Tests by suite")]
    order = [verdicts.index(name) for name in ("zg_bad", "unseen", "grp1/ua", "tas", "siconc")]
    assert order == sorted(order)


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_missing_number_is_never_shown_as_a_pass(
    kept_variable: MakeVariable,
    judged_again: MakeVariable,
    report_of: MakeReport,
    verdict: MakeVerdict,
    value: float | None,
) -> None:
    bad = judged_again(kept_variable(), verdict("T4", "blockiness", "pass", value, fail=0.3))
    text = Reader(render_html(report_of(bad))).text
    assert "1 variable fails or is refused, of 1: tas." in text
    assert re.search(
        r"T4 blockiness .{9,60} judged 'pass' without a finite value.{0,40} fail ", text
    )
    assert " nan" not in text.lower()


def test_an_empty_report_and_one_without_verdicts_are_pages_too(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    assert "Nothing but coordinates" in Reader(render_html(report_of())).text
    lossless = kept_variable(how="lossless", verdicts=())
    text = Reader(render_html(report_of(lossless))).text
    assert "No criterion was judged on any variable." in text


def test_a_page_of_200_variables_is_under_15_mb(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    html = render_html(report_of(*(kept_variable(f"v{i}") for i in range(200))))
    assert len(html.encode()) < 15_000_000


def test_the_same_report_gives_the_same_page(full_report: Report) -> None:
    assert render_html(full_report) == render_html(Report.from_dict(full_report.to_dict()))
