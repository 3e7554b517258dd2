"""Sizes of sample blocks from pieces of them."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.pieces import SampleBlock
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.steps import PER_DECADE
from climcomp_workflows.plan.search.trials import Candidate


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The bounds at which pieces are encoded, in order."""
    bounds: list[float] = []
    encode = Sizes._encoded

    def noted(self: Sizes, candidate: Candidate, block: SampleBlock) -> float:
        bounds.append(block.bound.value)
        return encode(self, candidate, block)

    monkeypatch.setattr(Sizes, "_encoded", noted)
    return bounds


def sizes() -> Sizes:
    bound = ErrorBound("absolute", 1.0)
    values = np.random.default_rng(2).normal(0, 9, (8, 30, 40)).astype(np.float32)
    loosest = LevelBounds((bound,), "", "")
    return Sizes([SampleBlock(values, bound)], loosest, (0,), (), np.nan, {}, (0,))


def test_bounds_that_round_alike_are_encoded_once(encoded: list[float]) -> None:
    found, rounding = sizes(), Candidate("rounding", ())
    by_step = [found(rounding, (step,)) for step in range(PER_DECADE)]
    assert sorted(set(encoded)) == [0.0625, 0.125, 0.25, 0.5, 1.0]
    assert len(encoded) == 5
    assert by_step == sorted(by_step)


def test_a_codec_that_uses_every_bound_is_encoded_at_each(encoded: list[float]) -> None:
    found, sz3 = sizes(), Candidate("sz3", ())
    by_step = [found(sz3, (step,)) for step in range(4)]
    assert len(encoded) == 4
    assert by_step == sorted(by_step)
    assert found(sz3, (2,)) == by_step[2]
    assert len(encoded) == 4
