"""Units, numbers and colours as they are printed."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.report.figures import style
from climcomp_metrics.report.figures.colours import (
    field_scale,
    round_up,
    signed_scale,
    unsigned_scale,
)
from climcomp_metrics.report.figures.style import exponent_tick, scaled, unit_text

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("K", "K"),
        ("1", ""),
        ("kg m-2 s-1", "kg m⁻² s⁻¹"),
        ("m**2 s**-2", "m² s⁻²"),
        ("W m^-2", "W m⁻²"),
        ("degC", "°C"),
        ("1e-3 kg", "1e-3 kg"),
        ("mm/day", "mm/day"),
    ],
)
def test_units_are_printed_with_raised_exponents(unit: str, text: str) -> None:
    assert unit_text(unit) == text


@pytest.mark.parametrize(
    ("size", "factor", "unit"),
    [(3e-9, 1e9, "10⁻⁹ m/s"), (0.01, 1.0, "m/s"), (2e5, 1e-3, "10³ m/s"), (0.0, 1.0, "m/s")],
)
def test_a_power_of_ten_is_taken_out_of_numbers_nobody_reads(
    size: float, factor: float, unit: str
) -> None:
    assert scaled(size, "m/s") == (pytest.approx(factor), unit)


def test_ticks_of_factors_are_powers_of_ten() -> None:
    found = [exponent_tick(value) for value in (1e-5, 1e-2, 1.0, 100.0, 1e6)]
    assert found == ["10⁻⁵", "0.01", "1", "100", "10⁶"]


def test_a_signed_scale_is_the_same_on_both_sides_of_zero() -> None:
    scale = signed_scale(RNG.standard_normal((50, 60)), steps=5)
    assert scale.edges == tuple(-edge for edge in reversed(scale.edges))
    assert 0.0 not in scale.edges
    assert len(scale.edges) == 10
    assert 2.0 < scale.edges[-1] < 3.5


def test_one_spike_does_not_take_all_colours() -> None:
    picture = RNG.uniform(-1, 1, (100, 100))
    picture[3, 4] = 1e6
    assert signed_scale(picture).edges[-1] <= 2.0
    assert unsigned_scale(np.abs(picture)).edges[-1] <= 2.0


def test_a_scale_of_nothing_is_still_one() -> None:
    nothing = np.full((3, 3), np.nan)
    for scale in (signed_scale(nothing), unsigned_scale(nothing), field_scale([nothing], "C")):
        assert (np.diff(scale.edges) > 0).all()
    zero = np.zeros((3, 3))
    for scale in (signed_scale(zero), unsigned_scale(zero), field_scale([zero], "P")):
        assert (np.diff(scale.edges) > 0).all()


@pytest.mark.parametrize(("value", "nice"), [(0.011, 0.015), (0.24, 0.25), (2.6, 3.0), (1.0, 1.0)])
def test_steps_are_round_numbers(value: float, nice: float) -> None:
    assert round_up(value) == pytest.approx(nice)


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("page", ["#ffffff", "#1a2129"])
@pytest.mark.parametrize("colour", [style.BLUE, style.VERMILLION, style.GREEN, style.GREY])
def test_lines_stand_out_on_light_and_on_dark_pages(colour: str, page: str) -> None:
    """WCAG 2.1 asks for 3 to 1 between graphics and what is behind them."""
    light, dark = sorted((_luminance(colour), _luminance(page)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 3.0


def test_line_colours_differ_for_readers_without_red_or_green_cones() -> None:
    """Simulated after Viénot, Brettel and Mollon 1999 (deuteranopia, on linear RGB)."""
    to_cones = np.array([[17.8824, 43.5161, 4.1194], [3.4557, 27.1554, 3.8671],
                         [0.02996, 0.18431, 1.4670]])  # fmt: skip
    seen = {}
    for name in ("BLUE", "VERMILLION", "GREEN"):
        colour = getattr(style, name)
        rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2
        long, _, short = to_cones @ rgb
        seen[name] = np.linalg.solve(to_cones, [long, 0.494207 * long + 1.24827 * short, short])
    names = list(seen)
    for i, first in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(seen[first] - seen[other]).max() > 0.15, (first, other)
