"""The sums of a cost: core-hours, energy, money at stated prices; no division by nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp_metrics.report import CostReport
from climcomp_metrics.report.cost_words import cost_entries
from climcomp_metrics.report.document import to_document
from climcomp_workflows.cost import PUE, WATTS_PER_CORE, cost_of
from climcomp_workflows.recipe import Cost

TB = 10**12
ALL = {
    "storage_price": "20 EUR/TB/year",
    "energy_price": "0.30 EUR/kWh",
    "core_hour_price": "0.02 EUR/core-hour",
}


def cost(settings: dict[str, Any] | None = None, **changes: Any) -> CostReport:
    facts = {"wall_seconds": 3600.0, "workers": 10, "source_bytes": 3 * TB, "stored_bytes": TB}
    return cost_of(Cost.model_validate(settings or {}), **{**facts, **changes})


def test_the_assumed_power_is_that_of_green_algorithms_with_4_gb_a_core() -> None:
    assert pytest.approx(12 + 4 * 0.3725) == WATTS_PER_CORE
    told = cost()
    assert told.core_hours == pytest.approx(10)
    assert told.energy_kwh == pytest.approx(10 * 13.49 * 1.67 / 1000)
    assert (told.watts_assumed, told.pue_assumed) == (True, True)
    assert told.pue == PUE


def test_figures_of_ones_own_take_their_place() -> None:
    told = cost({"watts_per_core": 5, "pue": 1.1})
    assert told.energy_kwh == pytest.approx(10 * 5 * 1.1 / 1000)
    assert (told.watts_assumed, told.pue_assumed) == (False, False)


def test_money_is_there_only_at_stated_prices() -> None:
    told = cost()
    assert (told.energy_money, told.core_hour_money, told.storage_money_a_year) == (None,) * 3
    assert (told.run_money, told.payback_years, told.currency) == (None, None, "")
    only_energy = cost({"energy_price": "0.5 USD/kWh"})
    assert only_energy.run_money == pytest.approx(only_energy.energy_kwh * 0.5)
    assert (only_energy.core_hour_money, only_energy.currency) == (None, "USD")


def test_storage_pays_back_what_the_run_took() -> None:
    told = cost({**ALL, "copies": 3})
    assert told.saved_bytes == 6 * TB
    assert told.storage_money_a_year == pytest.approx(120)
    assert told.core_hour_money == pytest.approx(0.2)
    assert told.run_money is not None
    assert told.payback_years == pytest.approx(told.run_money / 120)


@pytest.mark.parametrize("stored", [3 * TB, 4 * TB])
def test_what_saves_nothing_is_never_paid_back(stored: int) -> None:
    told = cost(ALL, stored_bytes=stored)
    assert told.saved_bytes == 3 * TB - stored
    assert told.payback_years is None
    assert "never paid back" in dict(cost_entries(told))["Money"]


def test_work_of_an_interrupted_run_counts_as_it_was_spent() -> None:
    assert cost(earlier_seconds=7200.0).core_hours == pytest.approx(12)


@given(
    wall=st.floats(0, 1e9),
    workers=st.integers(1, 10**6),
    source=st.integers(0, 10**19),
    stored=st.integers(0, 10**19),
    watts=st.floats(1e-300, 1e4, exclude_min=True),
    price=st.sampled_from(["1e-9", "20", "1e12"]),
    years=st.floats(5e-324, 1000),
)
def test_no_numbers_make_the_sums_or_the_words_break(
    wall: float, workers: int, source: int, stored: int, watts: float, price: str, years: float
) -> None:
    settings = {
        "watts_per_core": watts, "pue": 10, "copies": 1000, "years": years,
        "storage_price": f"{price} X/TB/year", "energy_price": f"{price} X/kWh",
        "core_hour_price": f"{price} X/core-hour",
    }  # fmt: skip
    told = cost(
        settings, wall_seconds=wall, workers=workers, source_bytes=source, stored_bytes=stored
    )
    json.dumps(to_document(told), allow_nan=False)
    numbers = [value for value in to_document(told).values() if isinstance(value, float)]
    assert all(map(math.isfinite, numbers))
    words = " ".join(text for _, text in cost_entries(told))
    assert "nan" not in words
    assert "infinite" not in words
    assert "not a number" not in words
