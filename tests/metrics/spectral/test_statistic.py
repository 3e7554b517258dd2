"""The statistic "spectra": which basis a field gets, what is sampled, and how parts merge."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest

from climcomp_metrics import Axes, Place, State
from climcomp_metrics.domain import Domain
from climcomp_metrics.part import Part
from climcomp_metrics.spectral.statistic import TALLY, Spectra, sampled

SHAPE = (6, 2, 24, 40)
LAT = np.linspace(-90, 90, 24)
GLOBE = Domain(
    np.repeat(np.cos(np.deg2rad(LAT))[:, None] + 1e-3, 40, axis=1),
    "latlon",
    LAT,
    np.arange(40) * 9.0,
)
STATISTIC = Spectra()


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = (280 + rng.standard_normal(SHAPE)).astype(np.float32)
    return x, (x + 0.01 * rng.standard_normal(SHAPE)).astype(np.float32)


@pytest.fixture
def part_of(make_settings: Callable) -> Callable[..., Part]:
    def part(x, y, domain=GLOBE, box=None, **changes) -> Part:  # type: ignore[no-untyped-def]
        changes = {"periodic_x": True, **changes}
        settings = make_settings(x, sigma=(1.0,) * x.shape[1], **changes)
        box = box or tuple(slice(0, n) for n in x.shape)
        start = tuple(each.start for each in box)
        x, y = x[box], y[box]
        return Part(x, y, settings, domain, Place("tas", start, x.shape))

    return part


def tally(state: State, level: int = 0) -> dict[str, float]:
    found = dict(zip(TALLY, state[f"spectra/{level}/tally"].tolist(), strict=True))
    return {name: number for name, number in found.items() if number}


def bases(state: State) -> set[str]:
    return {key.split("/")[2] for key in state} - {"tally"}


def test_rows_around_the_globe_get_the_zonal_transform(pair: tuple, part_of: Callable) -> None:
    state = STATISTIC.of(part_of(*pair))
    assert bases(state) == {"zonal"}
    assert tally(state) == {"zonal": 6.0}


def test_spherical_harmonics_are_used_where_asked(pair: tuple, part_of: Callable) -> None:
    state = STATISTIC.of(part_of(*pair, every={"harmonics": 3}))
    assert bases(state) == {"harmonics"}
    assert tally(state) == {"harmonics": 2.0}


def test_all_statistics_at_once_do_not_ask_for_harmonics(pair: tuple, part_of: Callable) -> None:
    assert bases(STATISTIC.of(part_of(*pair, every={"*": 2}))) == {"zonal"}


@pytest.mark.parametrize("change", [{"periodic_x": False}, {"domain": Domain(None, "latlon")}])
def test_limited_areas_and_unknown_areas_get_the_cosine_transform(
    change: dict, pair: tuple, part_of: Callable
) -> None:
    state = STATISTIC.of(part_of(*pair, **change))
    assert bases(state) == {"cosine"}
    assert tally(state)["cosine"] == 6.0


def test_fields_with_gaps_get_the_cosine_transform_of_what_is_left(
    pair: tuple, part_of: Callable
) -> None:
    x, y = (values.copy() for values in pair)
    x[2:4, :, :10, :] = y[2:4, :, :10, :] = np.nan
    state = STATISTIC.of(part_of(x, y))
    assert tally(state)["zonal"] == 4.0
    assert tally(state)["cosine"] == 2.0
    expected = STATISTIC.of(part_of(x[2:4, :, 10:], y[2:4, :, 10:], periodic_x=False))
    np.testing.assert_array_equal(state["spectra/1/cosine"], expected["spectra/1/cosine"])


def test_a_value_missing_in_one_of_both_is_a_gap_in_both(pair: tuple, part_of: Callable) -> None:
    x, y = (values.copy() for values in pair)
    y[:, :, 11, 7] = np.inf
    state = STATISTIC.of(part_of(x, y))
    assert bases(state) == {"cosine"}
    assert np.isfinite(state["spectra/0/cosine"]).all()


def test_fields_full_of_gaps_give_nothing_but_a_count(pair: tuple, part_of: Callable) -> None:
    x, y = (values.copy() for values in pair)
    x[:, :, ::5, :] = y[:, :, ::5, :] = np.nan
    state = STATISTIC.of(part_of(x, y))
    assert bases(state) == set()
    assert tally(state) == {"gaps": 6.0}


def test_pieces_of_fields_give_nothing_but_a_count(pair: tuple, part_of: Callable) -> None:
    box = (slice(0, 6), slice(0, 2), slice(0, 24), slice(0, 20))
    state = STATISTIC.of(part_of(*pair, box=box))
    assert bases(state) == set()
    assert tally(state) == {"cut": 6.0}


def test_every_eighth_field_of_a_long_record_is_taken(part_of: Callable) -> None:
    x = np.random.default_rng(2).standard_normal((512, 2, 8, 8)).astype(np.float32)
    domain = Domain(np.ones((8, 8)))
    part = part_of(x, x, domain)
    state = STATISTIC.of(part)
    assert tally(state, 0) == tally(state, 1) == {"zonal": 64.0}
    assert sampled(part.settings, domain) == "one in 8 time steps of each level"


def test_levels_are_sampled_at_other_times(part_of: Callable) -> None:
    x = np.zeros((8, 2, 8, 8))
    x[0, 0] = x[3, 1] = np.random.default_rng(1).standard_normal((8, 8))
    domain = Domain(np.ones((8, 8)))
    state = STATISTIC.of(part_of(x, x, domain, every={"spectra": 4}))
    assert state["spectra/0/zonal"][0].sum() > 0
    assert state["spectra/1/zonal"][0].sum() > 0


@pytest.mark.parametrize("every", [{}, {"spectra": 2}, {"harmonics": 2}])
@pytest.mark.parametrize("seed", range(4))
def test_parts_merge_to_the_whole_in_any_split_and_order(
    seed: int, every: dict, pair: tuple, part_of: Callable
) -> None:
    x, y = (values.copy() for values in pair)
    x[3, 0, 4, 5] = y[3, 0, 4, 5] = np.nan
    rng = np.random.default_rng(seed)
    times = [0, *sorted(rng.choice(np.arange(1, 6), 2, replace=False).tolist()), 6]
    boxes = [
        (slice(a, b), slice(k, k + 1), slice(0, 24), slice(0, 40))
        for a, b in pairwise(times)
        for k in range(2)
    ]
    rng.shuffle(boxes)
    merged = reduce(
        STATISTIC.merge, (STATISTIC.of(part_of(x, y, box=box, every=every)) for box in boxes)
    )
    whole = STATISTIC.of(part_of(x, y, every=every))
    assert merged.keys() == whole.keys()
    for key, expected in whole.items():
        # Sums of six numbers in another order.
        np.testing.assert_allclose(merged[key], expected, rtol=1e-13, atol=1e-30, err_msg=key)


def test_float32_and_float64_of_the_same_values_give_the_same(
    pair: tuple, part_of: Callable
) -> None:
    single = STATISTIC.of(part_of(*pair))
    double = STATISTIC.of(part_of(*(values.astype(np.float64) for values in pair)))
    np.testing.assert_array_equal(single["spectra/0/zonal"], double["spectra/0/zonal"])


def test_an_unstructured_grid_and_a_single_row_lack_it(make_settings: Callable) -> None:
    cells = make_settings(
        np.zeros((4, 1, 1, 500)), sigma=(1.0,), axes=Axes(0, (1,), None, None, cell=2)
    )
    row = make_settings(np.zeros((4, 1, 1, 500)), sigma=(1.0,))
    column = make_settings(np.zeros((4, 1, 500, 1)), sigma=(1.0,))
    assert "unstructured" in STATISTIC.lacks(cells, Domain())
    assert "1 x 500 cells" in STATISTIC.lacks(row, Domain())
    assert "500 x 1 cells" in STATISTIC.lacks(column, Domain())
    assert STATISTIC.lacks(make_settings(np.zeros((4, 1, 8, 8)), sigma=(1.0,)), Domain()) == ""
