"""The eyes of the tests that look at pages: they see what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.metrics.report import looks
from tests.metrics.report.browser import Browser

Write = Callable[..., Path]


def page(body: str) -> str:
    return f"<!doctype html><html><body style='margin:0'>{body}</body></html>"


def test_texts_on_each_other_are_seen(browser: Browser, write_page: Write) -> None:
    line = "<p style='position:absolute;top:20px;left:{}px;margin:0'>{}</p>"
    browser.open(write_page(page(line.format(20, "under") + line.format(30, "over"))))
    assert looks.overlapping(browser) == ["under | over"]
    browser.open(write_page(page(line.format(20, "beside") + line.format(300, "it"))))
    assert looks.overlapping(browser) == []


def test_texts_of_drawings_are_seen_too(browser: Browser, write_page: Write) -> None:
    drawing = "<svg width='200' height='60'><text y='30'>one</text><text y='33'>two</text></svg>"
    browser.open(write_page(page(drawing)))
    assert looks.overlapping(browser) == ["one | two"]


@pytest.mark.parametrize(
    "body",
    [
        "<div style='width:2000px'>wide</div>",
        "<div style='width:100px;overflow:auto'><p style='width:300px'>scrolls</p></div>",
        "<p style='width:60px;overflow:hidden;white-space:nowrap'>this is cut at its end</p>",
        "<p style='position:absolute;left:-40px'>this begins outside</p>",
    ],
)
def test_what_is_cut_or_scrolls_is_seen(browser: Browser, write_page: Write, body: str) -> None:
    browser.open(write_page(page(body)))
    assert looks.cut(browser) != []


def test_a_page_in_order_is_not_blamed(browser: Browser, write_page: Write) -> None:
    browser.open(write_page(page("<h1>Title</h1><p>Some text in <b>two</b> parts.</p>")))
    assert (looks.overlapping(browser), looks.cut(browser), looks.faint(browser)) == ([], [], [])


def test_pale_text_is_seen_in_the_scheme_that_has_it(browser: Browser, write_page: Write) -> None:
    style = "<style>:root{color-scheme:light dark;background:light-dark(#fff,#111)}</style>"
    path = write_page(page(f"{style}<p style='color:#777'>grey</p><p style='color:#aaa'>pale</p>"))
    browser.open(path)
    assert [text.split(": ")[1] for text in looks.faint(browser)] == ["grey", "pale"]
    browser.open(path, dark=True)
    assert [text.split(": ")[1] for text in looks.faint(browser)] == ["grey"]


def test_errors_of_the_console_and_requests_are_noted(browser: Browser, write_page: Write) -> None:
    browser.open(write_page(page("<img src='gone.png'><script>console.error('bad')</script>")))
    assert any("bad" in text for text in browser.console)
    assert any(address.endswith("gone.png") for address in browser.requests)
