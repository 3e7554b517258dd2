"""Does the suite catch damage, and does it let good compressions pass?

`pytest tests/mutation -s` prints the figures; `--mutation-page page.html` writes them as a page.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from .compression import compressions
from .damage import DAMAGES, applies
from .page import render_page
from .score import alone, scores
from .subjects import GENERATED, make_subject, regular, weather
from .trial import Outcome, judged, just_kept

LEAST_CAUGHT = 0.98
MOST_REFUSED = 0.05

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("suite", ["C", "P", "B", "M"])
def test_the_suite_catches_damage(suite: str, outcomes: list[Outcome]) -> None:
    score = next(s for s in scores(outcomes) if s.suite == suite)
    assert score.damage >= 50
    assert score.share_caught >= LEAST_CAUGHT


@pytest.mark.parametrize("suite", ["C", "P", "B", "M"])
def test_the_suite_lets_good_compressions_pass(suite: str, outcomes: list[Outcome]) -> None:
    score = next(s for s in scores(outcomes) if s.suite == suite)
    assert score.good >= 12
    assert score.share_refused <= MOST_REFUSED


def test_there_are_enough_kinds_of_damage_and_good_compressions(outcomes: list[Outcome]) -> None:
    kinds = {o.what.rpartition(",")[0] for o in outcomes if not o.good}
    assert len(kinds) >= 25
    assert all({f"{kind}, mild", f"{kind}, strong"} <= {o.what for o in outcomes} for kind in kinds)
    assert sum(o.good for o in outcomes) >= 60


@pytest.mark.parametrize("suite", ["C", "P", "M"])
def test_real_models_change_nothing_about_it(
    suite: str, outcomes: list[Outcome], model_outcomes: list[Outcome]
) -> None:
    score = next(s for s in scores(outcomes + model_outcomes) if s.suite == suite)
    assert score.share_caught >= LEAST_CAUGHT
    assert score.share_refused <= MOST_REFUSED


def test_every_kind_of_damage_changes_something(outcomes: list[Outcome]) -> None:
    done = {o.what.rpartition(",")[0] for o in outcomes if not o.good}
    assert {damage.name for damage in DAMAGES} == done


def test_damage_stays_damage_whatever_the_bound() -> None:
    """A field that is its own original passes; so what is caught is caught for a reason."""
    subject = GENERATED[1]()
    verdicts = judged(subject, subject.values.copy(), just_kept(subject, subject.values))
    assert not [v.criterion for v in verdicts if v.outcome == "fail"]


def test_a_suite_of_correlation_alone_would_miss_damage(outcomes: list[Outcome]) -> None:
    """What METRICS says of the usual tests: a bias cannot be seen in a correlation."""
    biased = [o for o in outcomes if o.what == "bias, mild"]
    assert biased
    assert not [o for o in biased if {"P3", "P4"} & set(o.failed)]
    assert all(o.refused for o in biased)


def test_the_page_names_classes_damage_and_criteria(outcomes: list[Outcome]) -> None:
    page = render_page(outcomes)
    assert all(f">{name}<" in page for name in ("C", "P", "B", "M"))
    assert all(f"{damage.name}, mild" in page for damage in DAMAGES)
    assert all(f">{name}<" in page for name in alone(outcomes))


def test_a_missed_damage_shows_in_scores_and_page() -> None:
    lost = Outcome("C", "field", "noise, mild", False, (), ("P2",))
    assert scores([lost])[0].share_caught == 0.0
    assert ">missed<" in render_page([lost])


def test_a_refused_compression_shows_in_scores_and_page() -> None:
    wrong = Outcome("P", "rain", "rounding to 9 bits", True, ("P8",), (), ("P8 0.06",))
    assert scores([wrong])[0].share_refused == 1.0
    assert "P8 0.06" in render_page([wrong])


def test_compressions_keep_their_own_bound() -> None:
    lat, lon = regular(32, 64)
    subject = make_subject("small", 280 + weather(40, 32, 64, 1)[:, None], lat, lon)
    for compression in compressions(subject):
        decoded = compression.done_to(subject)
        error = np.abs(decoded.astype(np.float64) - subject.values).max()
        assert 0 < error <= compression.bounds(subject)[0].value


def test_damage_for_masks_leaves_unmasked_fields_alone() -> None:
    subject = GENERATED[1]()
    masked = dataclasses.replace(subject, suite="M")
    damage = next(d for d in DAMAGES if d.name == "mask displaced")
    assert applies(damage, masked)
    assert not applies(damage, subject)
