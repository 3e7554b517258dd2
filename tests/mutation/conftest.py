"""The outcomes of the mutation test, computed once, and where its page goes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from .page import render_page
from .score import table
from .subjects import GENERATED, Subject, real_models, real_samples
from .trial import Outcome, outcomes_of


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/mutation -s --mutation-page page.html` writes the page as well."""
    parser.addoption("--mutation-page", help="write what the suite caught to this HTML page")


def _outcomes(subjects: Iterable[Subject]) -> list[Outcome]:
    """Of every subject in a process of its own, as many at a time as there are cores."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(chain.from_iterable(pool.map(outcomes_of, subjects)))


@pytest.fixture(scope="session")
def shown(request: pytest.FixtureRequest) -> Iterator[list[Outcome]]:
    """All outcomes of the session: printed at its end, and written as a page if asked for."""
    found: list[Outcome] = []
    yield found
    print(f"\n{table(found)}")
    page = request.config.getoption("--mutation-page", default=None)
    if page:
        Path(page).write_text(render_page(found), encoding="utf-8")


@pytest.fixture(scope="session")
def outcomes(shown: list[Outcome], iris_data: Path) -> list[Outcome]:
    """Of generated fields and of those of the package iris-sample-data."""
    found = _outcomes(make() for make in GENERATED) + _outcomes(real_samples(iris_data))
    shown += found
    return found


@pytest.fixture(scope="session")
def model_outcomes(shown: list[Outcome], shared_data: Path) -> list[Outcome]:
    """Of CESM, POP and CanESM5 output."""
    found = _outcomes(real_models(shared_data))
    shown += found
    return found
