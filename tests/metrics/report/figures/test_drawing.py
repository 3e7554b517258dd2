"""Every figure: that it is drawn, what it says, how large it is, and what it leaves alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from climcomp.errors import MissingExtraError
from climcomp_metrics import Place, measure
from climcomp_metrics.base import Verdict
from climcomp_metrics.domain import Domain
from climcomp_metrics.level import make_level
from climcomp_metrics.report.figures import (
    Illustration,
    draw_all,
    draw_errors,
    draw_maps,
    draw_series,
    draw_spectrum,
    draw_tails,
    draw_worst,
    fields_at_worst,
    illustrate,
    style,
    with_worst,
)
from climcomp_metrics.report.figures.drawing import Drawing

RNG = np.random.default_rng(10)


def _texts(drawing: Drawing) -> list[str]:
    root = ElementTree.fromstring(drawing.svg)
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]


def test_all_parts_are_drawn_in_the_order_of_the_report(full: Illustration) -> None:
    titles = [drawing.title for drawing in draw_all(full)]
    assert titles == [
        "tas: mean error",
        "tas: error against local variability",
        "tas: change of the cell maximum",
        "tas: original, step 17 (1850-06-01)",
        "tas: reconstruction, step 17 (1850-06-01)",
        "tas: error, step 17 (1850-06-01)",
        "tas: spectra",
        "tas: shifts of the tails",
        "tas: return levels",
        "tas: area mean by time",
        "tas: errors and their neighbours",
    ]


def test_every_figure_has_words_for_those_who_cannot_see_it(full: Illustration) -> None:
    for drawing in draw_all(full):
        assert len(drawing.caption) > 40
        assert "tas" in drawing.alt
        assert re.search(r"\d", drawing.alt)
        assert ElementTree.fromstring(drawing.svg).attrib["aria-label"] == drawing.alt


def test_every_axis_has_a_unit_or_is_a_pure_number(full: Illustration) -> None:
    said = {drawing.title.split(": ")[1]: _texts(drawing) for drawing in draw_all(full)}
    assert "mean error (K)" in said["mean error"]
    assert "rms error / local SD in time" in said["error against local variability"]
    assert "energy (K²)" in said["spectra"]
    assert "wavelength (km)" in said["spectra"]
    assert "shift (K)" in said["shifts of the tails"]
    assert {"return level (K)", "return period (years)"} <= set(said["return levels"])
    assert {"mean (K)", "error (K)", "year"} <= set(said["area mean by time"])
    assert "error (K)" in said["errors and their neighbours"]


def test_nothing_is_drawn_of_nothing(bare: Illustration) -> None:
    assert draw_all(bare) == ()


def test_the_same_illustration_gives_the_same_figures(full: Illustration) -> None:
    assert [d.svg for d in draw_all(full)] == [d.svg for d in draw_all(full)]


def test_the_figures_of_a_variable_are_small(picture_of: Callable, full: Illustration) -> None:
    """The worst case: pure noise on every pixel of the largest picture."""
    pictures = picture_of(180, 360)
    drawings = draw_all(replace(full, maps=pictures.maps, worst=pictures.worst))
    for drawing in drawings:
        images = re.findall(r"base64,([^\"]*)", drawing.svg)
        assert sum(len(image) * 3 // 4 for image in images) < 25_000
        assert drawing.size_bytes - sum(map(len, images)) < 18_000
    fewer = draw_all(replace(full, maps=pictures.maps, worst=pictures.worst), most_columns=90)
    assert sum(d.size_bytes for d in fewer) < 0.8 * sum(d.size_bytes for d in drawings)


def test_limits_come_from_the_verdicts(full: Illustration) -> None:
    judged = Verdict("C1", "global mean series", "pass", 0.001, "1", 0.02, 0.05, "recipe")
    unjudged = replace(judged, outcome="n/a", value=None)
    loose, without = draw_series(full, [judged]), draw_series(full, [unjudged])
    default = draw_series(full)
    assert loose is not None
    assert without is not None
    assert default is not None
    assert "inside C1's limit" in _texts(default)
    assert "inside C1's limit" in _texts(loose)
    assert "inside C1's limit" not in _texts(without)
    assert loose.svg != default.svg


def test_a_bound_stands_in_the_histogram(full: Illustration) -> None:
    drawing = draw_errors(full, None, bound=0.01)
    assert drawing is not None
    assert "error bound" in _texts(drawing)


def test_the_worst_cell_is_ringed_where_it_lies(picture_of: Callable) -> None:
    pictures = picture_of(18, 36)
    assert pictures.worst is not None
    found = draw_worst(replace(pictures, worst=replace(pictures.worst, across=0.0, up=0.0)))[2]
    rings = re.findall(r'<use href="#[^"]+" x="([\d.]+)" y="([\d.]+)"', found.svg)
    # 40 pixels of margin and half of 348; 6 and half of 174.
    assert len(rings) == 2
    assert set(rings) == {("214", "93")}


def test_original_and_reconstruction_share_their_colours(picture_of: Callable) -> None:
    original, decoded, _ = draw_worst(picture_of(18, 36))
    number = re.compile(rf"{style.MINUS}?[\d.]+")
    bars = [[t for t in _texts(d) if number.fullmatch(t)] for d in (original, decoded)]
    assert bars[0] == bars[1]


def test_rain_is_drawn_by_factors(picture_of: Callable) -> None:
    pictures = picture_of(18, 36)
    assert pictures.worst is not None
    rain = np.geomspace(1e-12, 1e-6, 18 * 36).reshape(18, 36).astype(np.float32)
    worst = replace(pictures.worst, original=rain, decoded=rain)
    drawing = draw_worst(replace(pictures, kind="P", unit="m s-1", worst=worst))[0]
    assert "original (10⁻⁶ m s⁻¹)" in _texts(drawing)
    numbers = [float(t) for t in _texts(drawing) if re.fullmatch(r"[\d.]+", t)]
    assert max(numbers) / min(numbers) >= 1000


def test_a_row_of_cells_has_a_dashed_line_where_maps_have_a_ring(full: Illustration) -> None:
    assert all("ring marks" in drawing.caption for drawing in draw_worst(full))
    row = RNG.standard_normal((1, 400))
    fields = fields_at_worst(row, row + RNG.uniform(-0.01, 0.01, row.shape), Domain())
    assert fields is not None
    found = draw_worst(with_worst(full, fields))
    assert all("dashed line marks" in drawing.caption for drawing in found)
    assert all(drawing.alt.startswith("Line of") for drawing in found)


def test_clipped_tails_are_told_in_words(full: Illustration) -> None:
    assert full.tails is not None
    high = full.tails.high.copy()
    high[-1] = -0.7
    drawing = draw_tails(replace(full, tails=replace(full.tails, high=high)))
    assert drawing is not None
    assert "largest shift -0.7 K (0.35 sigma) at the high end" in drawing.alt


def test_a_spectrum_without_coordinates_is_in_grid_lengths(full: Illustration) -> None:
    assert full.spectrum is not None
    plain = replace(full.spectrum, wavelength_unit="grid lengths", effective=2.25)
    drawing = draw_spectrum(replace(full, spectrum=plain))
    assert drawing is not None
    assert "wavelength (grid lengths)" in _texts(drawing)
    assert "km" not in drawing.alt


def _odd(name: str) -> np.ndarray:
    noise = RNG.standard_normal((40, 1, 12, 24))
    return {
        "noise": noise,
        "huge": noise * 1e36,
        "tiny": noise * 1e-36,
        "some missing": np.where(noise > 1.0, np.nan, noise),
        "one row": noise[:, :, :1],
        "one column": noise[..., :1],
        "one cell": noise[:, :, :1, :1],
        "two cells": noise[:, :, :1, :2],
        "one step": noise[:1],
        "two steps": noise[:2],
        "spikes": np.where(noise > 2.5, 1e6, 0.0) + 1e-3 * noise,
        "steps": np.round(noise),
    }[name]


ODD = ["noise", "huge", "tiny", "some missing", "one row", "one column", "one cell", "two cells",
       "one step", "two steps", "spikes", "steps"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "places"),
    [
        *((name, "C", "lat-lon") for name in ODD),
        *((name, "C", "cells") for name in ODD[4:8]),
        *((name, "P", "lat-lon") for name in ("noise", "huge", "tiny", "some missing", "spikes")),
        ("noise", "B", "lat-lon"),
    ],
)
def test_odd_fields_are_drawn_without_a_warning(
    name: str, kind: Any, places: str, make_settings: Callable
) -> None:
    x = _odd(name).astype(np.float32)
    x = np.abs(x) if kind != "C" else x
    spread = float(np.nanstd(x.astype(np.float64)))
    y = (x + RNG.uniform(-0.01, 0.01, x.shape) * (spread or 1.0)).astype(np.float32)
    rows, columns = x.shape[2:]
    domain = Domain()
    if places == "lat-lon":
        lat, lon = np.linspace(-60, 60, rows), np.arange(columns) * 360 / columns
        domain = Domain(np.ones((rows, columns)), "latlon", lat, lon)
    settings = make_settings(x, kind=kind, has_area=None if domain.weights is not None else "none")
    place = Place("tas", (0, 0, 0, 0), x.shape)
    with np.errstate(all="ignore"):
        state = measure(x, y, settings, domain, place)
        level = make_level(state, 0, settings, domain)
    found = illustrate(level)
    fields = fields_at_worst(x[0, 0], y[0, 0], domain)
    found = found if fields is None else with_worst(found, fields)
    for drawing in draw_all(found):
        ElementTree.fromstring(drawing.svg)
        assert "nan" not in drawing.svg.lower().replace("base64", "").split("base64,")[0]


@pytest.mark.parametrize(
    ("west", "label"), [(-180.0, "180°"), (170.0, "180°"), (0.0, "0°"), (-350.0, "10°E")]
)
def test_longitudes_are_labelled_in_half_turns(
    west: float, label: str, picture_of: Callable
) -> None:
    pictures = picture_of(18, 36)
    assert pictures.maps is not None
    frame = replace(pictures.maps.frame, west=west, east=west + 20.0, south=0.0, north=20.0)
    drawing = draw_maps(replace(pictures, maps=replace(pictures.maps, frame=frame)))[0]
    assert label in _texts(drawing)


def test_without_matplotlib_the_error_names_the_extra(
    full: Illustration, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"climcomp\[report\]"):
        draw_all(full)


def test_importing_the_figures_imports_no_matplotlib_and_drawing_no_pyplot() -> None:
    code = (
        "import sys\n"
        "import climcomp_metrics.report.figures as figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from climcomp_metrics.report import AttemptReport\n"
        "tried = AttemptReport(rung='a', failed=('C2 x',)), AttemptReport(rung='b')\n"
        "assert figures.draw_ladder(tried, 'tas')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    paths = [path for path in sys.path if path]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_settings_of_matplotlib_are_left_as_they_were(full: Illustration) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw_all(full)
    assert dict(matplotlib.rcParams) == before
