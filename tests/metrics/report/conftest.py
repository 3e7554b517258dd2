"""Makers of reports for tests, and a headless Chromium to look at pages in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from climcomp_metrics.base import Verdict
from climcomp_metrics.report import Report, VariableReport
from tests.metrics.report import samples
from tests.metrics.report.browser import Browser, find_chromium


@pytest.fixture
def kept_variable() -> Callable[..., VariableReport]:
    """Makes a variable that is kept with all tests passed; fields may be changed by name."""
    return samples.kept


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    """Makes a verdict."""
    return samples.judged


@pytest.fixture
def judged_again() -> Callable[..., VariableReport]:
    """Gives a variable other verdicts on some criteria."""
    return samples.with_verdict


@pytest.fixture
def report_of() -> Callable[..., Report]:
    """Makes a report of variables."""
    return samples.report


@pytest.fixture
def full_report() -> Report:
    """A report with every outcome, every way of storing, and hostile texts."""
    return samples.report(*samples.everything())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests that want one are skipped where none is installed."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    opened = Browser(program)
    yield opened
    opened.close()


@pytest.fixture
def write_page(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a page into a file of its own."""

    def write(text: str, name: str = "page.html") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
