"""What an archive costs, in words: the same for a plan, a report on a terminal, and its page."""

from __future__ import annotations

from climcomp_metrics.report.cost import CostReport
from climcomp_metrics.report.quantity import counted, duration, number_text, size

_DAYS_A_YEAR = 365.25
_SMALLEST_MONEY = 0.01


def cost_entries(cost: CostReport) -> list[tuple[str, str]]:
    """Labels and texts: time, energy, storage, and money where the recipe states prices."""
    entries = [
        ("Time", _time(cost)),
        ("Energy", _energy(cost)),
        ("Storage", _storage(cost)),
        ("Money", _money(cost)),
    ]
    return [(label, text) for label, text in entries if text]


def assumed_text(cost: CostReport) -> str:
    """Where the watts and the PUE come from that no recipe gave; empty where it gave both."""
    parts = []
    if cost.watts_assumed:
        parts.append(
            f"{number_text(cost.watts_per_core)} W a core (12 W, and 4 GB of memory at 0.3725 W/GB)"
        )
    if cost.pue_assumed:
        parts.append(f"PUE {number_text(cost.pue)}")
    if not parts:
        return ""
    keys = [key for key, assumed in (("watts_per_core", cost.watts_assumed),
                                     ("pue", cost.pue_assumed)) if assumed]  # fmt: skip
    memory = "; 4 GB a core is our own" if cost.watts_assumed else ""
    yours = " and ".join(f"cost.{key}" for key in keys)
    gives = "give" if len(keys) > 1 else "gives"
    return f"{', '.join(parts)}: Green Algorithms 2021{memory}; {yours} {gives} yours"


def _time(cost: CostReport) -> str:
    text = (
        f"{_about(cost)}{duration(cost.wall_seconds)} with {counted(cost.workers, 'worker')}, "
        f"{number_text(cost.core_hours)} core-hours"
    )
    if cost.earlier_seconds:
        text += (
            f" with the {duration(cost.earlier_seconds)} that an interrupted run had spent on the "
            f"shards that were kept; nothing else of that run is counted"
        )
    return text


def _energy(cost: CostReport) -> str:
    watts = f"{number_text(cost.watts_per_core)} W a core"
    pue = f"PUE {number_text(cost.pue)}"
    whose = {
        (True, True): "both assumed",
        (True, False): "the watts assumed",
        (False, True): "the PUE assumed",
        (False, False): "both the recipe's",
    }[cost.watts_assumed, cost.pue_assumed]
    return f"about {energy_text(cost.energy_kwh)}: {watts} x {pue}, {whose}"


def _storage(cost: CostReport) -> str:
    one = cost.source_bytes - cost.stored_bytes
    copies = "" if cost.copies == 1 else f", {size(abs(cost.saved_bytes))} in {cost.copies} copies"
    about = _about(cost)
    if one > 0:
        text = f"{about}{size(one)} saved{copies}, once the source files are deleted"
    elif one == 0:
        text = "nothing saved: the archive is as large as its source"
    else:
        text = f"nothing saved: the archive is {about}{size(-one)} larger than its source{copies}"
    money = cost.storage_money_a_year
    if money is None or not one:
        return text
    of = f" x {counted(cost.copies, 'copy', 'copies')}" if cost.copies > 1 else ""
    more = "" if one > 0 else " more"
    return (
        f"{text}: {money_text(abs(money), cost.currency)}{more} a year at {cost.storage_price}{of}"
    )


def _money(cost: CostReport) -> str:
    run, saved = cost.run_money, cost.storage_money_a_year
    parts = [] if run is None else [_run_money(cost, run)]
    if saved is None:
        return "; ".join(parts)
    if run is not None:
        parts.append(_payback(cost))
    if cost.years is not None:
        net = saved * cost.years - (run or 0.0)
        what = "saved" if net > 0 else "lost" if net < 0 else "neither saved nor lost"
        amount = f"{money_text(abs(net), cost.currency)} " if net else ""
        paid = " with the run paid" if run is not None else ""
        parts.append(f"over {_years(cost.years)}, {amount}{what}{paid}")
    return "; ".join(parts)


def _run_money(cost: CostReport, run: float) -> str:
    priced = [(cost.core_hour_money, cost.core_hour_price), (cost.energy_money, cost.energy_price)]
    shares = [(money, price) for money, price in priced if money is not None]
    text = "the run took " if cost.measured else "the run takes "
    if len(shares) == 1 or run < _SMALLEST_MONEY:
        about = "" if run < _SMALLEST_MONEY else "about "
        prices = " and ".join(price for _, price in shares)
        return f"{text}{about}{money_text(run, cost.currency)} at {prices}"
    each = " and ".join(f"{money_text(money, cost.currency)} at {price}" for money, price in shares)
    return f"{text}about {money_text(run, cost.currency)}: {each}"


def _payback(cost: CostReport) -> str:
    if cost.payback_years is None:
        return "never paid back: no storage is saved"
    text = f"paid back in {_years(cost.payback_years)}"
    if cost.years is not None and cost.payback_years > cost.years:
        text += f", which is longer than {_years(cost.years)}"
    return text


def _about(cost: CostReport) -> str:
    return "" if cost.measured else "about "


def _years(years: float) -> str:
    """Years as "4.2 years", "12 days" or "less than a day"."""
    days = years * _DAYS_A_YEAR
    if days < 1:
        return "less than a day"
    if years < 1:
        return counted(round(days), "day")
    if years > 1e4:
        return "more than 10,000 years"
    text = number_text(years)
    return "1 year" if text == "1" else f"{text} years"


def energy_text(kwh: float) -> str:
    """Energy as "0.33 Wh", "41 kWh", "2.6 MWh" or "1.2 GWh"."""
    for least, factor, unit in ((1e6, 1e-6, "GWh"), (1e3, 1e-3, "MWh"), (0.01, 1.0, "kWh")):
        if kwh >= least * 0.9995:
            return f"{number_text(kwh * factor)} {unit}"
    return f"{number_text(kwh * 1e3)} Wh"


def money_text(amount: float, currency: str) -> str:
    """Money in three digits, as "24 EUR", "412,000 EUR" or "less than 0.01 EUR"."""
    if 0 < amount < _SMALLEST_MONEY:
        return f"less than 0.01 {currency}"
    if amount < 1000:
        return f"{number_text(amount)} {currency}"
    return f"{float(f'{amount:.3g}'):,.0f} {currency}"
