"""The page as a reader sees it: in a real browser, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp_metrics.report import (
    Report,
    VariableReport,
    beside,
    render_beside_html,
    render_html,
)
from tests.metrics.report import looks
from tests.metrics.report.browser import Browser

Write = Callable[..., Path]
MakeVariable = Callable[..., VariableReport]
MakeReport = Callable[..., Report]

WIDTHS = (1280, 390)
FIRST_LIGHT = ".cell > summary"


@pytest.fixture
def page(full_report: Report, write_page: Write) -> Path:
    return write_page(render_html(full_report))


@pytest.fixture
def both(
    full_report: Report, kept_variable: MakeVariable, report_of: MakeReport, write_page: Write
) -> Path:
    other = report_of(*full_report.variables[:3], kept_variable("zg", shape=(3, 4, 5)))
    found = beside(("a.zarr", "b.zarr"), (full_report, other))
    return write_page(render_beside_html(found), "both.html")


def is_open(browser: Browser) -> bool:
    return bool(browser.evaluate("document.querySelector('.cell').open"))


def panel_height(browser: Browser) -> float:
    return float(
        browser.evaluate("document.querySelector('.panel').getBoundingClientRect().height")
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_without_errors_and_asks_for_nothing_else(
    browser: Browser, page: Path, both: Path, width: int
) -> None:
    for path in (page, both):
        browser.open(path, width)
        assert browser.console == []
        assert browser.requests == [path.as_uri()]


def test_a_light_opens_and_closes_by_mouse(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert (is_open(browser), panel_height(browser)) == (False, 0.0)
    browser.click(FIRST_LIGHT)
    assert is_open(browser)
    assert panel_height(browser) > 50
    browser.click(FIRST_LIGHT)
    assert (is_open(browser), panel_height(browser)) == (False, 0.0)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_light_is_reached_opened_and_closed_by_keyboard(
    browser: Browser, page: Path, key: str
) -> None:
    browser.open(page)
    for _ in range(60):
        browser.press("Tab")
        if browser.evaluate(f"document.activeElement === document.querySelector('{FIRST_LIGHT}')"):
            break
    else:
        pytest.fail("the light cannot be reached with the tabulator key")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.evaluate(outline) == "solid"
    browser.press(key)
    assert is_open(browser)
    browser.press(key)
    assert not is_open(browser)


def test_an_open_light_leaves_the_others_in_their_columns(browser: Browser, page: Path) -> None:
    columns = (
        "[...document.querySelector('.row:not(.heads)').querySelectorAll('summary')]"
        ".map(s => s.getBoundingClientRect().x)"
    )
    browser.open(page)
    before = browser.evaluate(columns)
    browser.click(FIRST_LIGHT)
    assert browser.evaluate(columns) == before


def test_only_what_needs_a_look_stays_when_asked_for(browser: Browser, page: Path) -> None:
    shown = (
        "[...document.querySelectorAll('.variable')].filter(e => e.checkVisibility())"
        ".map(e => e.querySelector('.badge').textContent)"
    )
    browser.open(page)
    assert {"pass", "exact"} <= set(browser.evaluate(shown))
    browser.click("#show-some")
    assert set(browser.evaluate(shown)) == {"fail", "unchecked", "warn"}


@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_overlaps_and_nothing_is_cut_or_scrolls_sideways(
    browser: Browser, page: Path, both: Path, width: int, opened: bool
) -> None:
    for path in (page, both):
        browser.open(path, width)
        if opened:
            looks.open_all(browser)
        assert looks.overlapping(browser) == []
        assert looks.cut(browser) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(
    browser: Browser, page: Path, both: Path, dark: bool
) -> None:
    for path in (page, both):
        browser.open(path, dark=dark)
        looks.open_all(browser)
        assert looks.faint(browser) == []


def test_the_schemes_differ(browser: Browser, page: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.open(page)
    light = browser.evaluate(colour)
    browser.open(page, dark=True)
    assert browser.evaluate(colour) != light


def test_it_prints_on_paper(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert (
        browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert browser.pdf().startswith(b"%PDF")
