"""Codecs that win on some blocks race on every block; those that never win, or fail, do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from climcomp_workflows.plan.search.find import Looked, Search
from climcomp_workflows.plan.search.rivals import rivals_of
from climcomp_workflows.plan.search.trials import Candidate, Failed

A, B, SPERR = Candidate("a", ()), Candidate("b", (("order", (1, 0)),)), Candidate("sperr", ())


@dataclass
class Sizes:
    of: dict[str, tuple[float, ...]]

    def by_block(self, candidate: Candidate, steps: tuple[int, ...]) -> tuple[float, ...]:
        assert steps == (5,)
        return self.of[candidate.codec]


@dataclass
class Trials:
    failing: set[str] = field(default_factory=set)

    def first_failure(self, candidate: Candidate, steps: tuple[int, ...]) -> Failed | None:
        return Failed("0.1 K", "no") if candidate.codec in self.failing else None


def found(*others: Candidate, best: Candidate = A) -> Search:
    looked = Looked(best, (5,), 100.0, None)
    return Search(looked, (looked, *(Looked(one, None, 110.0, None) for one in others)))


def rivals(search: Search, failing: set[str] = frozenset(), **of: tuple[float, ...]) -> Any:  # type: ignore[assignment]
    return rivals_of(search, Trials(set(failing)), Sizes(of))  # type: ignore[arg-type]


def test_a_codec_that_wins_a_block_is_raced_with_its_settings() -> None:
    assert rivals(found(B), a=(10, 10, 10), b=(20, 9, 20)) == (("b", (("order", (1, 0)),)),)


@pytest.mark.parametrize("sizes", [(20, 20, 20), (9.9, 20, 20), (float("inf"),) * 3])
def test_one_that_wins_nowhere_or_by_next_to_nothing_is_not(sizes: tuple[float, ...]) -> None:
    assert rivals(found(B), a=(10, 10, 10), b=sizes) == ()


def test_one_that_fails_at_the_chosen_bounds_is_not() -> None:
    assert rivals(found(B), {"b"}, a=(10, 10, 10), b=(5, 5, 5)) == ()


def test_a_slow_one_must_win_by_more() -> None:
    assert rivals(found(SPERR), a=(10, 10), sperr=(9.5, 10)) == ()
    assert rivals(found(SPERR), a=(10, 10), sperr=(9.0, 10)) == (("sperr", ()),)


def test_nothing_is_raced_where_values_are_rounded_first_or_nothing_passes() -> None:
    rounded = Candidate("a", (), 12)
    assert rivals(found(B, best=rounded), a=(10,), b=(1,)) == ()
    assert rivals(Search(None, ()), a=(10,)) == ()
