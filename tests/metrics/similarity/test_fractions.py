"""The fractions skill score against `scores`, SciPy and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import uniform_filter

from climcomp_metrics import Value

DAY = 1.0 / 86400.0


def rain(times: int, rows: int, columns: int, weather: Callable) -> np.ndarray:
    """Showers in kg m-2 s-1: a third of the cells rain, the most of them over 1 mm a day."""
    x = (weather(times, rows, columns) - 280.0) / 10.0
    return np.where(x > 0.4, 0.5 * np.exp(2.0 * x) * DAY, 0.0).astype(np.float32)


def framed(x: np.ndarray) -> np.ndarray:
    """Dry for ten cells all round: windows that reach beyond the grid then hold nothing."""
    made = np.zeros_like(x)
    made[:, :, 10:-10, 10:-10] = x[:, :, 10:-10, 10:-10]
    return made


def moved(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.roll(x, 1, axis=3))


def of_scores(x: np.ndarray, y: np.ndarray, threshold: float, width: int) -> float:
    from scores.spatial import fss_2d

    maps = [xr.DataArray(a[:, 0].astype(np.float64), dims=("time", "y", "x")) for a in (y, x)]
    found = fss_2d(
        *maps,
        event_threshold=threshold,
        window_size=(width, width),
        spatial_dims=("y", "x"),
        reduce_dims=["time", "y", "x"],
        threshold_operator=np.greater_equal,
    )
    return float(found)


@pytest.mark.parametrize("width", [3, 9])
def test_wet_fractions_are_those_of_scores(
    width: int, weather: Callable, values_of: Callable[..., dict[str, Value]]
) -> None:
    x = framed(rain(4, 60, 70, weather))
    y = moved(x)
    value = values_of(x, y, kind="P", unit="kg m-2 s-1")["E8"]
    # Whole numbers on both sides; scores divides them in float64.
    expected = of_scores(x, y, DAY, width)
    assert value.detail[f"{width} x {width} cells, wet"] == pytest.approx(expected, rel=1e-12)
    assert value.detail["wet threshold"] == pytest.approx(DAY)


@pytest.mark.parametrize("width", [3, 9])
def test_high_fractions_are_those_of_scores(
    width: int, weather: Callable, values_of: Callable[..., dict[str, Value]]
) -> None:
    x = framed(rain(1, 150, 170, weather))
    y = moved(x)
    value = values_of(x, y, kind="P", unit="kg m-2 s-1")["E8"]
    wet = np.sort(x[x >= DAY].astype(np.float64))
    quantile = wet[int(0.95 * wet.size)]
    expected = of_scores(x, y, quantile, width)
    assert value.detail[f"{width} x {width} cells, p95"] == pytest.approx(expected, rel=1e-12)
    below, at = wet[int(0.95 * wet.size) - 1 :][:2]
    assert below < value.detail["mean p95 threshold"] < at


@pytest.mark.parametrize("wrap", [False, True])
def test_the_ends_of_the_grid_are_those_of_scipy(
    wrap: bool, weather: Callable, values_of: Callable, make_settings: Callable
) -> None:
    x = rain(2, 40, 50, weather)
    x[:, :, :12, :9] = np.nan
    y = moved(x)
    settings = make_settings(x, kind="P", unit="kg m-2 s-1", periodic_x=wrap)
    value = values_of(x, y, settings)["E8"]
    valid = np.isfinite(x) & np.isfinite(y)
    mode = ("constant", "wrap" if wrap else "constant")
    for width in (3, 9):
        apart = both = 0.0
        for t in range(2):
            f, o = (
                uniform_filter(((a[t, 0] >= DAY) & valid[t, 0]).astype(float), width, mode=mode)
                for a in (y, x)
            )
            apart += float(((f - o) ** 2).sum())
            both += float((f**2 + o**2).sum())
        expected = 1.0 - apart / both
        assert value.detail[f"{width} x {width} cells, wet"] == pytest.approx(expected, rel=1e-9)


def blocks() -> np.ndarray:
    """One cell of rain in every 20 x 20: their neighbourhoods never meet."""
    x = np.zeros((1, 1, 240, 240), np.float32)
    x[:, :, 10::20, 10::20] = 5.0 * DAY
    return x


@pytest.mark.parametrize("shift", [1, 2, 3, 9])
def test_single_cells_moved_overlap_as_their_squares_do(
    shift: int, values_of: Callable, make_settings: Callable
) -> None:
    x = blocks()
    y = np.ascontiguousarray(np.roll(x, shift, axis=3))
    settings = make_settings(x, kind="P", unit="kg m-2 s-1")
    value = values_of(x, y, settings)["E8"]
    # Of n columns of a square n - shift are shared: FSS = shared / n.
    for width in (3, 9):
        expected = max(width - shift, 0) / width
        assert value.detail[f"{width} x {width} cells, wet"] == pytest.approx(expected)
    assert value.value == pytest.approx(max(3 - shift, 0) / 3)
    assert value.place.startswith("3 x 3 cells")


def test_lost_rain_lowers_the_score(values_of: Callable, make_settings: Callable) -> None:
    x = blocks()
    y = x.copy()
    y[:, :, :120] = 0.0
    value = values_of(x, y, make_settings(x, kind="P", unit="kg m-2 s-1"))["E8"]
    # Half of the events is left: 1 - 1/(1 + 2).
    assert value.value == pytest.approx(2 / 3)
    assert value.error == pytest.approx((1 / 3) / np.sqrt(72))


def test_equal_maps_score_one(weather: Callable, values_of: Callable) -> None:
    x = rain(3, 30, 30, weather)
    y = x.copy()
    y[x > 0] *= np.float32(1.0 + 1e-6)
    assert values_of(x, x, kind="P")["E8"].value == 1.0
    assert values_of(x, y, kind="P", unit="kg m-2 s-1")["E8"].value == pytest.approx(1.0, abs=1e-3)


def test_values_that_equal_the_quantile_may_be_rounded(values_of: Callable) -> None:
    x = np.zeros((1, 1, 60, 60), np.float32)
    x[0, 0, :30] = np.random.default_rng(1).integers(1, 10, (30, 60))
    y = x * np.float32(1.0 - 1e-6)
    value = values_of(x, y, kind="P", unit="mm/day", sigma=(2.0,))["E8"]
    assert value.detail["9 x 9 cells, p95"] == 1.0


def test_without_a_unit_of_rain_wet_is_above_zero(weather: Callable, values_of: Callable) -> None:
    x = framed(rain(1, 60, 70, weather))
    value = values_of(x, moved(x), kind="P", unit="mol mol-1")["E8"]
    expected = of_scores(x, moved(x), float(np.nextafter(np.float32(0), np.float32(1))), 9)
    assert value.detail["9 x 9 cells, wet"] == pytest.approx(expected, rel=1e-12)
    assert value.detail["wet threshold"] == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("unit", "a_day"), [("mm d-1", 1.0), ("m s-1", 1e-3 / 86400)])
def test_a_millimetre_is_wet(dtype: type, unit: str, a_day: float, values_of: Callable) -> None:
    x = np.zeros((1, 1, 40, 40), dtype)
    x[0, 0, 10:30, 10:30] = a_day  # as the type stores it
    y = x * dtype(0.999)
    value = values_of(x, y, kind="P", unit=unit, sigma=(a_day,))["E8"]
    assert value.detail["9 x 9 cells, wet"] == 0.0


def test_few_events_are_no_score(values_of: Callable) -> None:
    x = np.zeros((1, 1, 40, 40), np.float32)
    x[0, 0, 5, 5:50] = 2.0
    y = np.where(x > 0, 3.0, 0.0).astype(np.float32)
    value = values_of(x, y, kind="P", unit="mm/day", sigma=(1.0,))["E8"]
    assert value.value is None
    assert value.reason == "100 events are needed, there are 35"


def test_invented_rain_scores_nothing(values_of: Callable) -> None:
    x = np.zeros((1, 1, 40, 40), np.float32)
    x[0, 0, 0, 0] = 0.1
    y = x.copy()
    y[0, 0, 10:30] = 2.0
    value = values_of(x, y, kind="P", unit="mm/day", sigma=(1.0,))["E8"]
    assert value.value == 0.0


def test_one_in_eight_maps_is_taken(weather: Callable, values_of: Callable) -> None:
    x = np.tile(rain(32, 12, 12, weather), (8, 1, 1, 1))
    y = x.copy()
    skipped = np.arange(256) % 8 != 0
    y[skipped] = moved(x)[skipped]
    value = values_of(x, y, kind="P", unit="kg m-2 s-1")["E8"]
    assert value.value == 1.0
    assert value.sampled == "one in 8 time steps of each level"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"horizontal": "an unstructured grid"}, "no horizontal neighbours: an unstructured grid"),
        ({"shard": (2, 1, 20, 10)}, "cut into several shards"),
    ],
)
def test_what_it_cannot_have_is_said(
    changes: dict, reason: str, weather: Callable, values_of: Callable
) -> None:
    x = rain(2, 20, 20, weather)
    assert reason in values_of(x, 2 * x, kind="P", **changes)["E8"].reason


def test_a_small_grid_has_no_neighbourhood(weather: Callable, values_of: Callable) -> None:
    x = rain(2, 8, 20, weather)
    assert "9 x 9 cells does not fit" in values_of(x, 2 * x, kind="P")["E8"].reason


def test_all_missing_has_its_reason(weather: Callable, values_of: Callable) -> None:
    x = rain(2, 20, 20, weather)
    assert values_of(x, np.full_like(x, np.nan), kind="P")["E8"].reason == "no value is valid"


def test_scores_fall_with_distance(weather: Callable, values_of: Callable) -> None:
    x = rain(2, 60, 70, weather)
    scores = [
        values_of(x, np.ascontiguousarray(np.roll(x, s, axis=3)), kind="P", unit="kg m-2 s-1")[
            "E8"
        ].value
        for s in (1, 2, 4)
    ]
    assert all(a > b for a, b in pairwise(scores))
