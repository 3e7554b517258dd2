"""What an operator sees: how far a run is, and never more than all of it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pytest

from climcomp_workflows.run import progress
from climcomp_workflows.run.progress import Bar, Lines, in_words, make_progress


@dataclass
class Named:
    name: str


@dataclass
class Attempt:
    because: tuple[str, ...] = ("C1 is 2, limit 1",)


@dataclass
class Variable:
    """As much of a VariableRun as is looked at; a new attempt has no results yet."""

    plan: Named = field(default_factory=lambda: Named("tas"))
    attempt: Attempt = field(default_factory=Attempt)
    results: dict[Any, Any] = field(default_factory=dict)
    raw_bytes: int = 400


@dataclass
class Shard:
    raw_bytes: int = 100
    size_bytes: int = 10


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that progress sees, to be set."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_now_and_then_and_one_at_the_end(clock: list[float]) -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.begin(1000, 0)
    for second in range(10):
        clock[0] += 7
        lines.shard(Variable(), Shard())  # type: ignore[arg-type]
        del second
    said = stream.getvalue().splitlines()
    assert len(said) == 2  # after 35 s, and at the end
    assert said[-1].startswith("tas: 100.0 % of ")
    assert "10.0 x smaller" in said[-1]


def test_rate_and_rest_leave_out_what_an_earlier_run_did(clock: list[float]) -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.begin(10_000_000_000, 9_000_000_000)
    clock[0] += 50
    lines.shard(Variable(), Shard(500_000_000, 50_000_000))  # type: ignore[arg-type]
    assert "95.0 % of 10.00 GB, 10 MB/s" in stream.getvalue()
    assert "about 50 s left" in stream.getvalue()


def test_a_new_attempt_makes_the_way_longer(clock: list[float]) -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.begin(400, 0)
    for _ in range(4):
        clock[0] += 1
        lines.shard(Variable(), Shard())  # type: ignore[arg-type]
    lines.attempt(Variable(), "sz3 at 0.01 K")  # type: ignore[arg-type]
    clock[0] += 31
    lines.shard(Variable(), Shard())  # type: ignore[arg-type]
    said = stream.getvalue().splitlines()
    assert said[-2] == "tas: C1 is 2, limit 1: now sz3 at 0.01 K"
    assert "62.5 %" in said[-1]


def test_a_terminal_has_a_bar_that_is_never_more_than_full() -> None:
    stream = Terminal()
    bar = make_progress(stream)
    assert isinstance(bar, Bar)
    bar.say("looking at tas [K]")
    assert "looking at tas [K]" in stream.getvalue()
    bar.begin(400, 100)
    bar.attempt(Variable(), "sz3 at 0.01 K")  # type: ignore[arg-type]
    for _ in range(7):
        bar.shard(Variable(), Shard())  # type: ignore[arg-type]
    task = bar._bar.tasks[0]
    assert (task.completed, task.total) == (800, 800)
    bar.end()
    bar.end()


def test_a_run_that_is_refused_leaves_the_cursor_alone() -> None:
    stream = Terminal()
    bar = Bar(stream)
    bar.say("warning: a time gap")
    assert "\x1b[?25l" not in stream.getvalue()


def test_a_pipe_has_lines() -> None:
    assert isinstance(make_progress(io.StringIO()), Lines)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (90, "90 s"), (600, "10 min"), (10_800, "3.0 h"), (864_000, "10.0 d")],
)
def test_durations_are_told_in_the_unit_that_a_person_would_take(
    seconds: float, expected: str
) -> None:
    assert in_words(seconds) == expected
