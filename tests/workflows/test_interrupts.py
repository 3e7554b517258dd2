"""A signal that asks a run to end is never lost, wherever in the run it comes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from climcomp.archive import is_published, open_store
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.interrupts import Interrupts
from climcomp_workflows.run.progress import Silent

MakeRecipe = Callable[..., Recipe]


class Dying:
    """Is interrupted while Python runs its destructor."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the handler runs between two instructions of Python
            pass


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Python prints of what it drops."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    return found


def test_an_interrupt_that_python_drops_is_raised_at_the_next_check(dropped: list[Any]) -> None:
    with Interrupts() as interrupts:
        interrupts.check()
        dying = Dying()
        del dying
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert not dropped
    assert sys.unraisablehook == dropped.append


class Failing:
    """Fails while Python runs its destructor."""

    def __del__(self) -> None:
        raise ValueError("a fault of its own")


def test_other_errors_that_python_drops_are_told(dropped: list[Any]) -> None:
    with Interrupts():
        failing = Failing()
        del failing
    assert [entry.exc_type for entry in dropped] == [ValueError]


def test_handlers_are_called_and_given_back() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        mine = signal.getsignal(signal.SIGTERM)
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt, match="by SIGTERM"):
                interrupts.check()
        assert seen == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            interrupts.check()
    finally:
        signal.signal(signal.SIGHUP, before)


class Interrupted(Silent):
    """Ctrl-C that Python drops, at the second shard."""

    def __init__(self) -> None:
        self.shards = 0
        self.went_on = False

    def shard(self, variable: Any, result: Any) -> None:
        self.shards += 1
        if self.shards == 2:
            dying = Dying()
            del dying
            self.went_on = True


def test_a_run_ends_although_python_dropped_the_interrupt(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path, dropped: list[Any]
) -> None:
    recipe = make_recipe(source, "variables: {tas: {bound: 0.02 K}}\nquality: bounds\n")
    progress = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, progress=progress)
    assert progress.went_on
    assert not dropped
    assert not is_published(open_store(tmp_path / "out.zarr"))
    assert run_recipe(recipe).resumed
