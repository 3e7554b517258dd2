"""What a recipe may say of costs, and every mistake in it."""

from __future__ import annotations

import pytest

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import parse_recipe, recipe_digest

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\n"


def test_every_key_is_read() -> None:
    cost = parse_recipe(
        HEAD
        + """
cost:
  watts_per_core: 6
  pue: 1.1
  storage_price: 20 EUR/TB/year
  energy_price: 0.30  EUR / kWh
  core_hour_price: .02 EUR/core-hour
  copies: 2
  years: 10
"""
    ).cost
    assert (cost.watts_per_core, cost.pue, cost.copies, cost.years) == (6.0, 1.1, 2, 10.0)
    prices = (cost.storage_price, cost.energy_price, cost.core_hour_price)
    assert [price.value for price in prices if price] == [20.0, 0.30, 0.02]
    assert cost.energy_price is not None
    assert cost.energy_price.text == "0.30 EUR / kWh"
    assert cost.currency == "EUR"


def test_nothing_said_is_nothing_assumed() -> None:
    for text in ("", "cost:\n", "cost: {}\n", "cost: {pue: null, storage_price: ~}\n"):
        cost = parse_recipe(HEAD + text).cost
        assert (cost.watts_per_core, cost.pue, cost.years, cost.copies) == (None, None, None, 1)
        assert (cost.storage_price, cost.energy_price, cost.core_hour_price) == (None, None, None)
        assert cost.currency == ""


@pytest.mark.parametrize(
    ("price", "value"),
    [
        ("0.02 EUR/GB/year", 20.0),
        ("1 EUR/TB/month", 12.0),
        ("20000 €/PB/year", 20.0),
        ("1 SEK/TiB/year", 1 / (2**40 / 1e12)),
    ],
)
def test_units_of_storage_are_converted(price: str, value: float) -> None:
    cost = parse_recipe(f"{HEAD}cost: {{storage_price: {price}}}\n").cost
    assert cost.storage_price is not None
    assert cost.storage_price.value == pytest.approx(value)


def test_a_megawatt_hour_is_a_thousand_kilowatt_hours() -> None:
    cost = parse_recipe(f"{HEAD}cost: {{energy_price: 300 CHF/MWh}}\n").cost
    assert cost.energy_price is not None
    assert (cost.energy_price.value, cost.currency) == (pytest.approx(0.3), "CHF")


STORAGE, ENERGY = "'20 EUR/TB/year'", "'0.30 EUR/kWh'"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("watt_per_core: 5", "cost.watt_per_core: no such key; did you mean 'watts_per_core'?"),
        ("watts_per_core: 0", "found 0, wanted watts without their unit: a number above 0, 10000"),
        ("watts_per_core: -1", "found -1, wanted"),
        ("watts_per_core: 12 W", "found '12 W', wanted watts without their unit"),
        ("watts_per_core: .inf", "found inf, wanted"),
        ("watts_per_core: .nan", "found nan, wanted"),
        ("watts_per_core: true", "found true, wanted"),
        ("pue: 0.9", "found 0.9, wanted what the building takes over what its computers take"),
        ("pue: 11", "a number from 1 to 10"),
        ("pue: .nan", "found nan"),
        ("copies: 0", "found 0, wanted a whole number from 1 to 1000"),
        ("copies: 1.5", "found 1.5, wanted a whole number"),
        ("copies: null", "found nothing, wanted a whole number"),
        ("years: 0", "found 0, wanted years: a number above 0, 1000 at most"),
        ("years: 5", "without storage_price it would do nothing"),
        ("storage_price: 20", f"found 20, wanted a price such as {STORAGE}"),
        ("storage_price: 20 EUR", f"found '20 EUR', wanted a price such as {STORAGE}"),
        ("storage_price: 20 EUR/TB", "a price is per GB/year, GB/month, TB/year"),
        ("storage_price: 20 EUR/TB/yaer", "did you mean 'TB/year'?"),
        ("storage_price: 20 /TB/year", f"wanted a price such as {STORAGE}"),
        ('storage_price: "20,5 EUR/TB/year"', "with a decimal point, without commas"),
        ("storage_price: [20, EUR]", "found a list, wanted a price"),
        ("storage_price: -20 EUR/TB/year", "above 0, from 1e-09 to 1e+12 a TB/year"),
        ("storage_price: 0 EUR/TB/year", "above 0"),
        ("energy_price: 1e999 EUR/kWh", "above 0, from 1e-09 to 1e+12 a kWh"),
        ("energy_price: nan EUR/kWh", f"wanted a price such as {ENERGY}"),
        ("energy_price: 0.3 EUR/kw", "did you mean 'kWh'?"),
        ("core_hour_price: 0.02 EUR/core-minute", "a price is per core-hour"),
        ("core_hour_price: true", "found true, wanted a price such as '0.02 EUR/core-hour'"),
    ],
)
def test_a_mistake_says_where_what_and_what_instead(entry: str, says: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse_recipe(f"{HEAD}cost:\n  {entry}\n")
    (problem,) = error.value.problems
    line = 5 if "would do nothing" in says else 6
    assert problem.startswith(f"line {line}, cost"), problem
    assert says in problem


def test_money_in_two_currencies_is_refused_with_both_named() -> None:
    with pytest.raises(RecipeError, match="prices are in EUR and USD: write all of them in one"):
        parse_recipe(f"{HEAD}cost: {{storage_price: 20 EUR/TB/year, energy_price: 0.2 USD/kWh}}\n")


def test_a_key_of_costs_elsewhere_is_sent_there() -> None:
    with pytest.raises(RecipeError, match="pue: no such key: it belongs to cost"):
        parse_recipe(f"{HEAD}pue: 1.2\n")


def test_costs_make_no_other_archive() -> None:
    priced = parse_recipe(f"{HEAD}cost: {{storage_price: 20 EUR/TB/year, pue: 1.2}}\n")
    assert recipe_digest(priced) == recipe_digest(parse_recipe(HEAD))
