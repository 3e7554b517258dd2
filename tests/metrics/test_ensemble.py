"""Z-scores of ensemble members against a plain computation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from climcomp_metrics import Place, Value, measure, merge, summarise
from climcomp_metrics.domain import Domain

MEMBERS = 12


def rmsz(x: np.ndarray, tried: np.ndarray, member: int) -> float:
    """Baker 2014: of one member (time, member, y, x) against the others, which are x."""
    others = np.delete(x.astype(np.float64), member, axis=1)
    z = (tried[:, member] - others.mean(axis=1)) / others.std(axis=1, ddof=1)
    return float(np.sqrt(np.nanmean(z**2)))


@pytest.fixture(scope="module")
def pair(weather: Callable) -> tuple[np.ndarray, np.ndarray]:
    x = np.concatenate([weather(3, 10, 12, seed=m) for m in range(MEMBERS)], axis=1)
    y = x + np.random.default_rng(1).normal(0, 3.0, x.shape).astype(np.float32)
    return x, y


def levels_of(
    x: np.ndarray, y: np.ndarray, settings: object, metric: str = "P11"
) -> dict[int | None, Value]:
    domain = Domain(np.ones(x.shape[2:]))
    state = measure(x, y, settings, domain, Place("tas", (0, 0, 0, 0), x.shape))  # type: ignore[arg-type]
    return {v.level: v for v in summarise(state, settings, domain) if v.metric == metric}  # type: ignore[arg-type]


def test_each_member_changes_as_a_plain_computation_says(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = pair
    found = levels_of(x, y, make_settings(x, ensemble=(MEMBERS, 1)))
    for member in range(MEMBERS):
        before, after = rmsz(x, x, member), rmsz(x, y, member)
        assert found[member].value == pytest.approx(abs(after - before), rel=1e-9)
        assert found[member].detail["rmsz of x"] == pytest.approx(before, rel=1e-9)
        assert found[member].place == f"member {member}"


def test_members_before_levels_are_told_apart(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = pair
    # (member, level): folded level = 2 member + level.
    both = [np.stack([a, a + 50.0], axis=2).reshape(3, 2 * MEMBERS, 10, 12) for a in (x, y)]
    found = levels_of(*both, make_settings(both[0], ensemble=(MEMBERS, 2)))
    expected = abs(rmsz(x, y, 7) - rmsz(x, x, 7))
    assert found[14].value == pytest.approx(expected, rel=1e-9)
    # 50 K more leave float32 less: 2e-5 K beside a spread of 10 K.
    assert found[15].value == pytest.approx(expected, abs=1e-6)
    assert found[15].place == "member 7"


def test_members_behind_levels_are_told_apart(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = pair
    both = [np.concatenate([a, a[:, ::-1] ** 2], axis=1) for a in (x, y)]
    settings = make_settings(both[0], ensemble=(MEMBERS, 1))
    found = levels_of(*both, settings)
    for first in (0, MEMBERS):
        level = [a[:, first : first + MEMBERS].astype(np.float64) for a in both]
        expected = abs(rmsz(level[0], level[1], 3) - rmsz(level[0], level[0], 3))
        assert found[first + 3].value == pytest.approx(expected, rel=1e-9)
    assert found[MEMBERS + 3].place == "member 3"
    # Shards of one level give the same.
    domain = Domain(np.ones((10, 12)))
    parts = []
    for first in (MEMBERS, 0):
        a, b = (np.ascontiguousarray(v[:, first : first + MEMBERS]) for v in both)
        place = Place("tas", (0, first, 0, 0), a.shape)  # type: ignore[arg-type]
        parts.append(measure(a, b, settings, domain, place))
    again = summarise(merge(*parts), settings, domain)
    actual = {v.level: v.value for v in again if v.metric == "P11"}
    assert actual == {level: value.value for level, value in found.items()}


def test_a_member_moved_by_its_spread_has_a_closed_form(make_settings: Callable) -> None:
    # Members 0 ... 9 everywhere: without 0 the mean is 5 and the variance 7.5.
    x = np.tile(np.arange(10.0)[None, :, None, None], (2, 1, 4, 5))
    x += 1e-3 * np.random.default_rng(1).standard_normal((2, 1, 4, 5))
    y = x.copy()
    y[:, 0] -= 2.0
    found = levels_of(x, y, make_settings(x, ensemble=(10, 1)))
    assert found[0].value == pytest.approx(2.0 / np.sqrt(7.5), rel=1e-9)
    assert found[1].value == 0.0


def test_cells_with_a_missing_member_are_left_out(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = (a.copy() for a in pair)
    x[:, 4, :5] = np.nan
    y[:, 2, 7:] = np.nan
    found = levels_of(x, y, make_settings(x, ensemble=(MEMBERS, 1)))
    expected = abs(rmsz(x[:, :, 5:], y[:, :, 5:], 3) - rmsz(x[:, :, 5:], x[:, :, 5:], 3))
    assert found[3].value == pytest.approx(expected, rel=1e-9)
    expected = abs(rmsz(x[:, :, 5:7], y[:, :, 5:7], 2) - rmsz(x[:, :, 5:7], x[:, :, 5:7], 2))
    assert found[2].value == pytest.approx(expected, rel=1e-9)


def test_cells_where_members_agree_are_left_out(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = (a.copy() for a in pair)
    x[:, :, :5] = np.float32(271.35)  # under sea ice
    found = levels_of(x, y, make_settings(x, ensemble=(MEMBERS, 1)))
    expected = abs(rmsz(x[:, :, 5:], y[:, :, 5:], 3) - rmsz(x[:, :, 5:], x[:, :, 5:], 3))
    assert found[3].value == pytest.approx(expected, rel=1e-9)
    x[:] = np.float32(271.35)
    found = levels_of(x, y, make_settings(x, ensemble=(MEMBERS, 1), sigma=(1.0,) * MEMBERS))
    assert found[3].reason == "no cell has members that differ"


def test_parts_of_the_record_and_the_grid_merge(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = pair
    settings, domain = make_settings(x, ensemble=(MEMBERS, 1)), Domain(np.ones((10, 12)))
    boxes = [(t, j) for t in range(3) for j in (0, 5)]
    np.random.default_rng(1).shuffle(boxes)
    state: dict = {}
    for t, j in boxes:
        a, b = (np.ascontiguousarray(v[t : t + 1, :, j : j + 5]) for v in (x, y))
        place = Place("tas", (t, 0, j, 0), a.shape)  # type: ignore[arg-type]
        part = measure(a, b, settings, domain, place)
        state = merge(state, part) if state else part
    found = {v.level: v.value for v in summarise(state, settings, domain) if v.metric == "P11"}
    expected = levels_of(x, y, settings)
    assert found == pytest.approx({k: v.value for k, v in expected.items()}, rel=1e-9)


@pytest.mark.parametrize(
    ("ensemble", "shard", "reason"),
    [
        (None, None, "no dimension counts the members"),
        ((6, 2), None, "10 members are needed, not 6"),
        ((MEMBERS, 1), (3, 4, 10, 12), "the members are in several shards"),
        ((MEMBERS, 5), None, "only some members were measured"),
    ],
)
def test_what_it_cannot_have_is_said(
    ensemble: tuple | None,
    shard: tuple | None,
    reason: str,
    pair: tuple[np.ndarray, np.ndarray],
    make_settings: Callable,
) -> None:
    x, y = pair
    settings = make_settings(x, ensemble=ensemble)
    settings = replace(settings, shard=shard) if shard else settings
    value = levels_of(x, y, settings)[0]
    assert value.value is None
    assert reason in value.reason


def test_exact_members_have_not_changed(
    pair: tuple[np.ndarray, np.ndarray], make_settings: Callable
) -> None:
    x, y = pair
    y = y.copy()
    y[:, 5] = x[:, 5]
    found = levels_of(x, y, make_settings(x, ensemble=(MEMBERS, 1)))
    assert found[5].value == 0.0
    assert found[4].value > 0.0
