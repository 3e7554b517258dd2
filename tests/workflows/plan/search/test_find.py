"""The smallest codec that passes: what an exhaustive scan would find, in fewer trials."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.search import trials as trials_module
from climcomp_workflows.plan.search.budget import DEAR, LEAST_OPERATIONS, Budget, BudgetSpent
from climcomp_workflows.plan.search.curve import PER_DECADE
from climcomp_workflows.plan.search.find import Search, search
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.search.steps import LAST
from climcomp_workflows.plan.search.trials import Candidate, Trials
from climcomp_workflows.plan.search.words import told
from climcomp_workflows.plan.trial import SampleGate

Limits = dict[str, tuple[float, ...]]
PLENTY = 10**12


class World:
    """Codecs whose limits and sizes are known.

    Parameters
    ----------
    limits
        By codec, the step of each level from which on it passes.
    bits
        By codec, bits of a value at step 0; each decade takes 3.3 more.
    """

    def __init__(self, limits: Limits, bits: dict[str, float], exponent: float = 1.0) -> None:
        self.limits, self.bits, self.exponent = limits, bits, exponent
        self.levels = len(next(iter(limits.values())))

    def strain(self, codec: str, position: int, step: int) -> float:
        over = self.limits[codec][position] - step
        return float(10 ** (self.exponent * over / PER_DECADE))

    def size(self, candidate: Candidate, steps: tuple[int, ...]) -> float:
        more = 3.3 * np.array(steps) / PER_DECADE
        return float(np.sum(self.bits[candidate.codec] + more)) * 1000

    def best_of_all(self, together: bool) -> float:
        """The smallest size that an exhaustive scan finds."""
        found = []
        for codec, limits in self.limits.items():
            steps = tuple(max(0, int(np.ceil(limit))) for limit in limits)
            if max(steps) <= LAST:
                steps = (max(steps),) * len(steps) if together else steps
                found.append(self.size(Candidate(codec, ()), steps))
        return min(found, default=float("inf"))


TrialsOf = Callable[..., Trials]


@pytest.fixture
def trials_of(monkeypatch: pytest.MonkeyPatch, gate_of: Callable[[int], SampleGate]) -> TrialsOf:
    """Trials whose outcomes are those of a world."""

    def make(world: World, operations: int = PLENTY) -> Trials:
        def known(gate: SampleGate, rung: Rung, position: int) -> Outcome:
            assert rung.bounds is not None
            step = round(PER_DECADE * np.log10(1.0 / rung.bounds[0].value))
            strain = world.strain(rung.codec, position, step)
            words = f"X1 uses {strain:.2f} of its limit"
            return Outcome(strain, words, {"X1": strain}, {"X1": words})

        monkeypatch.setattr(trials_module, "outcome_of", known)
        bounds = LevelBounds((ErrorBound("absolute", 1.0),) * world.levels, "", "")
        return Trials(gate_of(world.levels), bounds, Budget(operations))

    return make


def find(
    world: World, trials: Trials, codecs: str = "abc", start: int = 27, together: bool = False
) -> Search:
    candidates = [Candidate(codec, ()) for codec in codecs if codec in world.limits]
    return search(trials, candidates, world.size, start, together=together)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_nothing_that_an_exhaustive_scan_finds_is_smaller(
    seed: int, together: bool, trials_of: TrialsOf
) -> None:
    rng = np.random.default_rng(seed)
    # Levels of one codec are about as demanding as those of another: codecs shift them.
    of_levels = rng.uniform(0, 60, 3)
    limits = {codec: tuple(of_levels + rng.uniform(-8, 8)) for codec in "abc"}
    world = World(limits, {codec: float(rng.uniform(3, 7)) for codec in "abc"})
    trials = trials_of(world)
    found = find(world, trials, together=together).best
    assert found is not None
    assert found.size_bytes <= 1.03 * world.best_of_all(together)
    assert len(trials.made) <= 3 * 3 * 5


def test_a_codec_that_cannot_be_smaller_is_never_tried(trials_of: TrialsOf) -> None:
    world = World({"a": (20.0,), "b": (0.0,)}, {"a": 3.0, "b": 9.0})
    trials = trials_of(world)
    found = find(world, trials)
    assert {candidate.codec for candidate, *_ in trials.made} == {"a"}
    assert found.looked[1].stopped is None
    assert "larger at any bound that may pass" in told(found, trials, 10**5)[2]


def test_a_codec_that_fails_where_it_would_be_smaller_costs_one_trial(
    trials_of: TrialsOf,
) -> None:
    world = World({"a": (30.0,), "b": (60.0,)}, {"a": 5.0, "b": 5.5})
    trials = trials_of(world)
    found = find(world, trials)
    assert sum(candidate.codec == "b" for candidate, *_ in trials.made) == 1
    assert "would be smaller" in told(found, trials, 10**5)[2]
    assert "X1 uses" in told(found, trials, 10**5)[2]


def test_a_worse_start_wins_where_it_passes_looser(trials_of: TrialsOf) -> None:
    world = World({"a": (50.0,), "b": (35.0,)}, {"a": 4.0, "b": 5.0})
    found = find(world, trials_of(world)).best
    assert found is not None
    assert found.candidate.codec == "b"
    assert found.steps == (35,)


def test_levels_that_share_blocks_share_the_tightest_bound(
    trials_of: TrialsOf,
) -> None:
    world = World({"a": (10.0, 40.0, 20.0)}, {"a": 4.0})
    apart = find(world, trials_of(world)).best
    shared = find(world, trials_of(world), together=True).best
    assert apart is not None
    assert apart.steps == (10, 40, 20)
    assert shared is not None
    assert shared.steps == (40, 40, 40)


def test_the_loosest_bound_is_never_exceeded(trials_of: TrialsOf) -> None:
    world = World({"a": (-30.0,)}, {"a": 4.0})
    trials = trials_of(world)
    found = find(world, trials).best
    assert found is not None
    assert found.steps == (0,)
    assert found.stopped is None
    assert min(step for *_, step in trials.made) == 0


def test_where_nothing_passes_the_nearest_setting_is_named(trials_of: TrialsOf) -> None:
    world = World({"a": (130.0,), "b": (140.0,)}, {"a": 4.0, "b": 5.0})
    trials = trials_of(world)
    found = find(world, trials)
    assert found.best is None
    stopped = found.looked[0].stopped
    assert stopped is not None
    assert stopped.bound == trials.told((ErrorBound("absolute", 1e-4),))
    assert stopped.why.startswith("X1 uses 6.5")
    assert sum(candidate.codec == "b" for candidate, *_ in trials.made) == 1


@pytest.mark.parametrize("trials_left", range(12))
def test_a_spent_budget_leaves_what_is_known_to_pass(trials_left: int, trials_of: TrialsOf) -> None:
    world = World({"a": (40.0, 44.0), "b": (10.0, 10.0)}, {"a": 4.0, "b": 4.5})
    trials = trials_of(world, trials_left * DEAR * LEAST_OPERATIONS)
    found = find(world, trials)
    assert len(trials.made) <= 2.5 * trials_left  # as much again, and half, for a rival
    lines = told(found, trials, 10**5)
    if found.best is not None:
        assert trials.is_proved(found.best.candidate, found.best.steps or ())
    else:
        assert "passes nowhere" in lines[1]


def test_a_dear_codec_spends_more(trials_of: TrialsOf) -> None:
    world = World({"sperr": (20.0,)}, {"sperr": 4.0})
    trials = trials_of(world)
    search(trials, [Candidate("sperr", ())], world.size, 27, together=False)
    dear = trials_of(world, 4 * DEAR * LEAST_OPERATIONS)
    search(dear, [Candidate("sperr", ())], world.size, 27, together=False)
    # A run by it is dearer, too: as many trials are left for it as for others.
    assert 1 < len(dear.made) <= 4
    with pytest.raises(BudgetSpent):
        Budget(3 * DEAR * LEAST_OPERATIONS).spend("sperr", 1)


def test_a_part_of_the_data_must_keep_away_from_limits(trials_of: TrialsOf) -> None:
    world = World({"a": (40.9,)}, {"a": 4.0})
    steps = []
    for share in (1.0, 0.8):
        trials = trials_of(world)
        trials.safe_share = share
        best = find(world, trials).best
        assert best is not None
        assert best.steps is not None
        steps.append(best.steps[0])
    assert steps[1] - steps[0] == pytest.approx(PER_DECADE * np.log10(1 / 0.8), abs=1)
    # Step 41 keeps the limit, and not what a part may use of it.
    outcome = trials.outcome(Candidate("a", ()), 0, 41)
    assert outcome.strain > 1
    assert outcome.words.endswith("too near the limit for a part of the data")


def test_the_order_of_candidates_does_not_change_the_size(
    trials_of: TrialsOf,
) -> None:
    world = World(
        {"a": (30.0,), "b": (22.0,), "c": (35.0,)}, {"a": 4.0, "b": 5.0, "c": 3.0}, exponent=2.0
    )
    sizes = set()
    for order in itertools.permutations("abc"):
        best = find(world, trials_of(world), "".join(order)).best
        assert best is not None
        sizes.add(best.size_bytes)
    assert max(sizes) <= 1.02 * min(sizes)
