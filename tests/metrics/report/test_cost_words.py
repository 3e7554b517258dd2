"""Costs in words: nothing hidden, no money without a price, readable from kB to PB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from climcomp_metrics.report import Report, render_html, render_text
from climcomp_metrics.report.cost_words import (
    assumed_text,
    cost_entries,
    energy_text,
    money_text,
)
from tests.metrics.report.samples import cost

NO_PRICES = {
    "energy_price": "", "core_hour_price": "", "storage_price": "", "currency": "",
    "energy_money": None, "core_hour_money": None, "storage_money_a_year": None,
    "payback_years": None, "years": None,
}  # fmt: skip


def test_a_run_with_all_prices() -> None:
    assert dict(cost_entries(cost())) == {
        "Time": "1 h 0 min with 16 workers, 16 core-hours",
        "Energy": "about 0.36 kWh: 13.5 W a core x PUE 1.67, both assumed",
        "Storage": "1.2 TB saved, 2.4 TB in 2 copies, once the source files are deleted: 48 EUR a "
        "year at 20 EUR/TB/year x 2 copies",
        "Money": "the run took about 0.428 EUR: 0.32 EUR at 0.02 EUR/core-hour and 0.108 EUR at "
        "0.30 EUR/kWh; paid back in 3 days; over 5 years, 240 EUR saved with the run paid",
    }


def test_without_a_price_there_is_no_money() -> None:
    entries = dict(cost_entries(cost(**NO_PRICES)))
    assert list(entries) == ["Time", "Energy", "Storage"]
    assert entries["Storage"].endswith("once the source files are deleted")


def test_a_plan_says_about() -> None:
    entries = dict(cost_entries(cost(measured=False)))
    assert entries["Time"].startswith("about 1 h")
    assert entries["Storage"].startswith("about 1.2 TB")
    assert entries["Money"].startswith("the run takes about")


def test_an_interrupted_run_says_what_is_not_counted() -> None:
    text = dict(cost_entries(cost(earlier_seconds=120.0)))["Time"]
    assert "16 core-hours with the 2 min 0 s that an interrupted run had spent on the" in text
    assert text.endswith("nothing else of that run is counted")


def test_an_archive_that_grew_says_so() -> None:
    grown = cost(
        stored_bytes=1_700_000_000_000, saved_bytes=-400_000_000_000,
        storage_money_a_year=-8.0, payback_years=None,
    )  # fmt: skip
    entries = dict(cost_entries(grown))
    assert entries["Storage"] == (
        "nothing saved: the archive is 200 GB larger than its source, 400 GB in 2 copies: 8 EUR "
        "more a year at 20 EUR/TB/year x 2 copies"
    )
    assert "never paid back: no storage is saved" in entries["Money"]
    assert "over 5 years, 40.4 EUR lost with the run paid" in entries["Money"]


def test_no_saving_is_said() -> None:
    same = cost(stored_bytes=1_500_000_000_000, saved_bytes=0, storage_money_a_year=0.0,
                payback_years=None)  # fmt: skip
    entries = dict(cost_entries(same))
    assert entries["Storage"] == "nothing saved: the archive is as large as its source"
    assert "never paid back" in entries["Money"]


def test_storage_alone_has_no_run_to_pay_back() -> None:
    money = dict(cost_entries(cost(energy_money=None, core_hour_money=None, payback_years=None)))[
        "Money"
    ]
    assert money == "over 5 years, 240 EUR saved"


def test_what_is_paid_back_too_late_is_said() -> None:
    late = cost(payback_years=12.3)
    money = dict(cost_entries(late))["Money"]
    assert "paid back in 12.3 years, which is longer than 5 years" in money


def test_money_too_small_to_name_is_not_added_up_in_words() -> None:
    tiny = cost(energy_money=1e-7, core_hour_money=1e-6, payback_years=1e-9, years=None)
    money = dict(cost_entries(tiny))["Money"]
    assert money == (
        "the run took less than 0.01 EUR at 0.02 EUR/core-hour and 0.30 EUR/kWh; paid back in "
        "less than a day"
    )


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (0.001, "less than a day"),
        (1 / 365.25, "1 day"),
        (0.5, "183 days"),
        (1.0, "1 year"),
        (3.456, "3.46 years"),
        (1e9, "more than 10,000 years"),
    ],
)
def test_times_of_payback(years: float, expected: str) -> None:
    money = dict(cost_entries(cost(payback_years=years, years=None)))["Money"]
    assert money.endswith(f"paid back in {expected}")


@pytest.mark.parametrize(
    ("kwh", "expected"),
    [
        (0.0, "0 Wh"),
        (3.2e-7, "0.00032 Wh"),
        (0.00123, "1.23 Wh"),
        (0.04, "0.04 kWh"),
        (41.2, "41.2 kWh"),
        (999.9, "1 MWh"),
        (2600.0, "2.6 MWh"),
        (1.2e6, "1.2 GWh"),
    ],
)
def test_energies_read_well(kwh: float, expected: str) -> None:
    assert energy_text(kwh) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.0, "0 EUR"),
        (1e-9, "less than 0.01 EUR"),
        (0.01, "0.01 EUR"),
        (24.0, "24 EUR"),
        (999.6, "1000 EUR"),
        (1234.5, "1,230 EUR"),
        (412_345.0, "412,000 EUR"),
        (2.5e9, "2,500,000,000 EUR"),
    ],
)
def test_money_reads_well(amount: float, expected: str) -> None:
    assert money_text(amount, "EUR") == expected


@pytest.mark.parametrize(
    ("watts", "pue", "expected"),
    [
        (False, False, ""),
        (False, True, "PUE 1.67: Green Algorithms 2021; cost.pue gives yours"),
        (
            True,
            False,
            "13.5 W a core (12 W, and 4 GB of memory at 0.3725 W/GB): Green Algorithms 2021; 4 GB "
            "a core is our own; cost.watts_per_core gives yours",
        ),
    ],
)
def test_only_what_is_assumed_is_called_so(watts: bool, pue: bool, expected: str) -> None:
    told = cost(watts_assumed=watts, pue_assumed=pue)
    assert assumed_text(told) == expected
    whose = {(False, False): "both the recipe's", (False, True): "the PUE assumed",
             (True, False): "the watts assumed"}  # fmt: skip
    assert dict(cost_entries(told))["Energy"].endswith(whose[watts, pue])


@pytest.mark.parametrize("one", [3_000, 2_000_000_000_000_000])
def test_kilobytes_and_petabytes_read_well(one: int) -> None:
    told = cost(source_bytes=one, stored_bytes=0, saved_bytes=2 * one)
    expected = "3 kB saved, 6 kB in 2" if one == 3_000 else "2 PB saved, 4 PB in 2"
    assert dict(cost_entries(told))["Storage"].startswith(expected)


def test_text_and_page_say_all_of_it(full_report: Report) -> None:
    assert full_report.cost is not None
    text = " ".join(render_text(full_report).split())
    page = render_html(full_report)
    for label, words in [*cost_entries(full_report.cost), ("Assumed", "13.5 W a core (12 W")]:
        assert f"- {label}: {words}" in text
        assert f"<dt>{label}</dt><dd>{words}" in page


def test_a_report_without_costs_has_no_section_for_them(full_report: Report) -> None:
    bare = replace(full_report, cost=None)
    assert 'id="cost"' not in render_html(bare)
    assert "Cost:" not in render_text(bare)
