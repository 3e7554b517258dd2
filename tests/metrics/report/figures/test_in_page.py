"""Figures where they belong: in a page, seen in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from climcomp_metrics.report import Report, TrialReport, TrialsReport, VariableReport, render_pages
from climcomp_metrics.report.drawn import VariableFigures, draw_variable
from climcomp_metrics.report.figures import Illustration, to_bytes
from tests.metrics.report import looks
from tests.metrics.report.browser import Browser

Write = Callable[..., Path]
MakeVariable = Callable[..., VariableReport]
MakeReport = Callable[..., Report]


@pytest.fixture
def variable(kept_variable: MakeVariable) -> VariableReport:
    """One with something for every figure."""
    trials = tuple(
        TrialReport(
            setting=f"sz3 within {0.002 * 2**n:g} K", stored_bytes=90_000 >> n,
            largest_error=0.002 * 2**n, failed=("D1", "S1", "T3")[: max(0, n - 2)],
        )
        for n in range(6)
    )  # fmt: skip
    found = TrialsReport(
        piece="8 time steps about the largest error",
        raw_bytes=300_000,
        unit="K",
        trials=trials,
        kept=2,
    )
    return kept_variable(figures="figures/tas.npz", trials=found)


@pytest.fixture
def figures(variable: VariableReport, full: Illustration) -> VariableFigures:
    return draw_variable(variable, to_bytes(full))


@pytest.fixture
def page(
    variable: VariableReport, figures: VariableFigures, report_of: MakeReport, write_page: Write
) -> Path:
    twin = replace(figures, name="ua", title="ua")
    report = report_of(variable, replace(variable, name="ua"))
    pages = render_pages(report, {"tas": figures, "ua": twin})
    assert list(pages) == ["report.html"]
    return write_page(pages["report.html"])


def test_every_figure_is_there_with_a_heading_a_caption_and_an_alternative_text(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    shown = browser.evaluate(
        "[...document.querySelectorAll('#figures-0 figure')].map(f => [f.querySelector('h3')"
        ".textContent, !!f.querySelector('figcaption').textContent, "
        "!!f.querySelector('svg').getAttribute('aria-label')])"
    )
    assert [heading for heading, *_ in shown] == [
        "Mean error", "Error against local variability", "Change of the cell maximum",
        "Original, step 17 (1850-06-01)", "Reconstruction, step 17 (1850-06-01)",
        "Error, step 17 (1850-06-01)", "Spectra", "Shifts of the tails", "Return levels",
        "Area mean by time", "Errors and their neighbours", "Size against error",
    ]  # fmt: skip
    assert all(caption and alternative for _, caption, alternative in shown)


@pytest.mark.parametrize("width", [1280, 390])
def test_figures_open_without_errors_and_fetch_nothing(
    browser: Browser, page: Path, width: int
) -> None:
    browser.open(page, width)
    looks.open_all(browser)
    assert browser.console == []
    assert [address for address in browser.requests if not address.startswith("data:")] == [
        page.as_uri()
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_text_of_a_figure_overlaps_or_is_cut(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width)
    looks.open_all(browser)
    assert looks.overlapping(browser) == []
    assert looks.cut(browser) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_of_figures_stands_out(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    looks.open_all(browser)
    assert looks.faint(browser) == []


def test_what_figures_share_is_found_by_each(browser: Browser, page: Path) -> None:
    browser.open(page)
    lost = browser.evaluate(
        "[...document.querySelectorAll('use, [clip-path]')].map(e => (e.getAttribute('href') || "
        "e.getAttribute('clip-path').slice(4, -1))).filter(name => !document.querySelector(name))"
    )
    assert lost == []


def test_with_too_many_figures_each_variable_has_a_page_that_leads_back(
    browser: Browser, variable: VariableReport, figures: VariableFigures, report_of: MakeReport,
    tmp_path: Path,
) -> None:  # fmt: skip
    name = "sea/ice 100 %?#é"
    report = report_of(replace(variable, name=name))
    pages = render_pages(report, {name: replace(figures, name=name)}, most_bytes=60_000)
    for path, text in pages.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    browser.open(tmp_path / "report.html")
    browser.follow("#figures a")
    assert browser.evaluate("document.querySelectorAll('figure').length") == 12
    assert looks.cut(browser) == []
    browser.follow("header a")
    assert browser.evaluate("document.title") == "hadcm3-a1b: climcomp report"
