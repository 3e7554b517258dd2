"""Windows of a group merge in any order and any split to the same values."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.state import from_bytes, to_bytes
from climcomp_metrics.together import sums
from climcomp_metrics.together.model import Group, GroupPart
from climcomp_metrics.together.relations import RELATIONS, find_relation

Array = NDArray[np.float64]
STEPS, LEVELS = 6, 3

# Of each relation its roles, with unit, mean and SD, and whether they have levels.
ROLES: dict[str, dict[str, tuple[str, float, float, bool]]] = {
    "order": {"lowest": ("K", 280, 1, False), "highest": ("K", 282, 1, False)},
    "order of levels": {"profile": ("m", 100, 50, True)},
    "TOA budget": {
        "incoming": ("W m-2", 340, 9, False),
        "reflected": ("W m-2", 100, 9, False),
        "emitted": ("W m-2", 240, 9, False),
    },
    "surface budget": {
        "net shortwave": ("W/m2", 160, 9, False),
        "net longwave upward": ("W/m2", 60, 9, False),
        "latent heat upward": ("W/m2", 80, 9, False),
        "sensible heat upward": ("W/m2", 20, 9, False),
    },
    "water budget": {"rain": ("mm/day", 3, 0.1, False), "evaporation": ("mm/day", 3, 0.1, False)},
    "air mass": {"surface_pressure": ("Pa", 1e5, 100, False), "humidity": ("1", 0.01, 1e-3, True)},
    "precipitable water": {"humidity": ("1", 0.01, 1e-3, True)},
    "enthalpy": {"temperature": ("K", 250, 9, True)},
    "kinetic energy": {"u": ("m/s", 3, 9, True), "v": ("m/s", 3, 9, True)},
    "ocean heat": {"temperature": ("degC", 4, 3, True)},
    "wind": {"u": ("m/s", 3, 9, True), "v": ("m/s", 3, 9, True)},
    "geostrophic wind": {"height": ("m", 5000, 9, True)},
    "relative humidity": {"temperature": ("K", 270, 9, True), "humidity": ("1", 2e-3, 1e-4, True)},
}


@pytest.fixture(scope="module")
def domain(make_domain: Callable[..., Domain], make_months: Callable[..., Clock]) -> Domain:
    clock = make_months(*((2000, 1 + step // 2) for step in range(STEPS)))
    return make_domain(np.arange(-80.0, 81.0, 20.0), np.arange(0.0, 360.0, 20.0), clock)


def parts(name: str, domain: Domain, cuts: list[int]) -> list[GroupPart]:
    """The record of a relation, cut at these steps; some values are missing."""
    rng = np.random.default_rng(11)
    original, decoded = {}, {}
    for role, (_, mean, deviation, deep) in ROLES[name].items():
        x = mean + deviation * rng.standard_normal((STEPS, LEVELS if deep else 1, 9, 18))
        x[:, :, 2, 3] = np.nan
        original[role] = x
        decoded[role] = x + 0.2 * deviation * rng.standard_normal(x.shape)
    unit = "m" if name == "ocean heat" else "hPa"
    edges = [0, *sorted(cuts), STEPS]
    return [
        GroupPart(
            {role: values[start:stop] for role, values in original.items()},
            {role: values[start:stop] for role, values in decoded.items()},
            {role: unit_text for role, (unit_text, *_) in ROLES[name].items()},
            domain,
            np.array([500.0, 700.0, 850.0]),
            unit,
            start,
            STEPS,
            bounds={role: 0.01 * role_sd for role, (_, _, role_sd, _) in ROLES[name].items()},
        )
        for start, stop in itertools.pairwise(edges)
        if stop > start
    ]


@pytest.mark.parametrize("name", RELATIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_any_split_and_any_order_give_the_same_values(
    name: str, domain: Domain, data: st.DataObject
) -> None:
    relation = find_relation(name)
    group = Group(name, {role: role for role in ROLES[name]})
    (whole,) = parts(name, domain, [])
    expected = relation.values(group, relation.of(group, whole))
    cuts = data.draw(st.lists(st.integers(1, STEPS - 1), unique=True, max_size=STEPS - 1))
    states = [relation.of(group, part) for part in parts(name, domain, cuts)]

    while len(states) > 1:
        # Any two, so that neighbours and strangers, single parts and merged ones meet.
        first = states.pop(data.draw(st.integers(0, len(states) - 1)))
        second = states.pop(data.draw(st.integers(0, len(states) - 1)))
        states.append(relation.merge(first, second))
    found = relation.values(group, states[0])

    for mine, theirs in zip(found, expected, strict=True):
        assert theirs.value is not None
        assert theirs.value > 0
        # Sums of float64 in another order, of changes that nearly cancel.
        assert mine.value == pytest.approx(theirs.value, rel=1e-9)
        assert replace(mine, value=None, detail={}) == replace(theirs, value=None, detail={})
        assert mine.detail == pytest.approx(theirs.detail, rel=1e-9)


@pytest.mark.parametrize("name", RELATIONS)
def test_merging_changes_neither_state(name: str, domain: Domain) -> None:
    relation = find_relation(name)
    group = Group(name, {role: role for role in ROLES[name]})
    first, second = (relation.of(group, part) for part in parts(name, domain, [3]))
    copies = [{key: array.copy() for key, array in state.items()} for state in (first, second)]

    relation.merge(first, second)

    for state, copy in zip((first, second), copies, strict=True):
        for key, array in state.items():
            np.testing.assert_array_equal(array, copy[key])


@pytest.mark.parametrize("name", RELATIONS)
def test_states_come_back_from_their_bytes(name: str, domain: Domain) -> None:
    relation = find_relation(name)
    group = Group(name, {role: role for role in ROLES[name]})
    (whole,) = parts(name, domain, [])
    state = relation.of(group, whole)

    found = from_bytes(to_bytes(state))

    assert relation.values(group, found) == relation.values(group, state)


def test_reasons_are_gathered_once_each() -> None:
    merged = sums.merge(
        sums.merge(sums.lacking("b"), sums.lacking("a longer one")), sums.lacking("b")
    )

    assert sums.reason_for_nothing(merged, "") == "a longer one; b"


def test_each_word_merges_in_its_own_way() -> None:
    first = {"sum/x": np.array([1.0]), "most/x": np.array([5.0]), "words/x": np.array(["a"])}
    second = {"sum/x": np.array([2.0]), "most/x": np.array([3.0]), "words/x": np.array(["a"])}

    for merged in (sums.merge(first, second), sums.merge(second, first)):
        assert {key: array.tolist() for key, array in merged.items()} == {
            "sum/x": [3.0],
            "most/x": [5.0],
            "words/x": ["a"],
        }


def test_of_equal_rows_the_first_in_time_stays() -> None:
    early, late = {"worst/x": np.array([[2.0, 1.0]])}, {"worst/x": np.array([[2.0, 9.0]])}

    for merged in (sums.merge(early, late), sums.merge(late, early)):
        assert merged["worst/x"].tolist() == [[2.0, 1.0]]


def test_states_of_different_groups_are_refused() -> None:
    with pytest.raises(MetricError, match=r"sum/x has shapes \(2,\) and \(3,\)"):
        sums.merge({"sum/x": np.zeros(2)}, {"sum/x": np.zeros(3)})
