"""A relation for tests: the mean absolute difference of two variables named a... and b..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import State, Value
from climcomp_metrics.together.model import Group, GroupPart, Member

STRIDE = 3
NAME = "difference"

PARTS: list[GroupPart] = []  # all that `of` was given since a test emptied it


class Difference:
    name: ClassVar[str] = NAME
    criteria: ClassVar[tuple[str, ...]] = ("X1", "X2")
    by_level: ClassVar[bool] = False

    def find(self, members: Sequence[Member]) -> list[Group]:
        firsts = [m for m in members if m.name.rpartition("/")[2].startswith("a")]
        seconds = [m for m in members if m.name.rpartition("/")[2].startswith("b")]
        return [Group(NAME, {"b": b.name, "a": a.name}) for a in firsts for b in seconds]

    def stride(self, steps: int) -> int:
        return STRIDE

    def of(self, group: Group, part: GroupPart) -> State:
        PARTS.append(part)
        steps = part.start + part.every * np.arange(part.original["a"].shape[0])
        return {
            "steps": steps,
            "before": _differences(part.original["a"], part.original["b"]),
            "after": _differences(part.decoded["a"], part.decoded["b"]),
        }

    def merge(self, first: State, second: State) -> State:
        return {key: np.concatenate([first[key], second[key]]) for key in first}

    def values(self, group: Group, state: State) -> list[Value]:
        change = float(np.abs(state["after"] - state["before"]).max())  # type: ignore[operator]
        return [Value(name, None, change, "1") for name in self.criteria]


class LevelByLevel(Difference):
    """The largest change of the mean difference of a level; its criterion is one of the table."""

    name: ClassVar[str] = "level by level"
    criteria: ClassVar[tuple[str, ...]] = ("C6-kinetic",)
    by_level: ClassVar[bool] = True

    def find(self, members: Sequence[Member]) -> list[Group]:
        return [Group(self.name, group.members) for group in super().find(members)]

    def of(self, group: Group, part: GroupPart) -> State:
        PARTS.append(part)
        before = np.nanmean(np.abs(part.original["a"] - part.original["b"]), axis=(2, 3))
        after = np.nanmean(np.abs(part.decoded["a"] - part.decoded["b"]), axis=(2, 3))
        return {"change": np.abs(after - before).max(axis=0)}

    def merge(self, first: State, second: State) -> State:
        return {"change": np.maximum(first["change"], second["change"])}

    def values(self, group: Group, state: State) -> list[Value]:
        change = np.asarray(state["change"], np.float64)
        level = int(change.argmax())
        several = level if change.size > 1 else None
        return [Value(self.criteria[0], several, float(change[level]), "1")]


def _differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(time,) the mean over all levels and cells that both have."""
    return np.nanmean(np.abs(a - b), axis=(1, 2, 3))
