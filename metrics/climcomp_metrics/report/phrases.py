"""What a verdict means, in plain words: "the highest 0.01 % of values is lowered by 0.004 K".

A phrase is a text with fields in braces, and words in brackets of which the sign of the change
picks one: [more|less|other] for more, for less, and where the sign is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.limits import Told
from climcomp_metrics.report.quantity import number_text, quantity
from climcomp_metrics.report.verdicts import has_number
from climcomp_metrics.suites import CRITERIA

PHRASES: dict[str, str] = {
    "F1": "{value} are missing that were there, or the reverse",
    "F2": "{value} left their physical range",
    "F3": "{value} that were zero are not, or the reverse",
    "F5": "{value} that are flags were changed",
    "F4": "{value} break the order of daily minimum, mean and maximum",
    "F4-levels": "{value} turn back along the levels",
    "P1": "a value is off by {value}",
    "P2": "the mean of all values is [raised|lowered|moved] by {mean}",
    "P3": "departures from the time mean correlate by {number} less than perfectly",
    "P4": "one map correlates by {number} less than perfectly",
    "P5": "the typical error is {percent} of the range",
    "P6": "{value} of the values are off by more than 0.01 % of themselves",
    "P7": "the errors of one time step are {number} times the usual ones",
    "P8": "the field is [smoothed|sharpened|smoothed]: errors follow its curvature "
    "(correlation {number})",
    "P9": "the field is [amplified|damped|amplified or damped]: errors follow its values "
    "(correlation {number})",
    "P10": "errors of neighbours {rest} are alike (correlation {number})",
    "P11": "the place of a member in its ensemble (RMSZ) moved by {number}",
    "D1": "the {quantile} is [raised|lowered|moved] by {amount}",
    "D2": "the {rest} is off by {percent}",
    "D3": "values moved by {amount} on average, taken in order",
    "D4": "the standard deviation [grew|shrank|changed] by {percent}",
    "D5": "{rest} became {percent} [more|less|more or less] frequent",
    "D6": "there are {number} times as many distinct values",
    "E1": "the {tail} of values is [raised|lowered|moved] by {amount}",
    "E2": "the mean of the {end} 0.01 % of values is [raised|lowered|moved] by {amount}",
    "E3": "the {end} 0.1 % of values is [raised|lowered|moved] by {amount} on average",
    "E4": "{short} of the highest 0.1 % of values are at other places or times",
    "E5": "record highs of the grid cells are [raised|lowered|moved] by {amount} on average",
    "E6-TXx": "the warmest value of a year is [raised|lowered|moved] by {amount}",
    "E6-TNn": "the coldest value of a year is [raised|lowered|moved] by {amount}",
    "E6-Rx1day": "the wettest day of a year has {percent} [more|less|more or less] rain",
    "E6-Rx5day": "the wettest five days of a year have {percent} [more|less|more or less] rain",
    "E6-R95pTOT": "very wet days give {percent} [more|less|more or less] rain",
    "E6-TX90p": "hot days became [more|less|more or less] frequent by {value}",
    "E6-CDD": "the longest dry run of a year became [longer|shorter|longer or shorter] by {value}",
    "E6-CWD": "the longest wet run of a year became [longer|shorter|longer or shorter] by {value}",
    "E7": "20-year return levels moved by {number} of their standard error",
    "E8": "rain moved to other places: skill score {number} ({rest})",
    "S1": "{rest} became {percent} [stronger|weaker|stronger or weaker]",
    "S1-fine": "{rest} became {percent} [stronger|weaker|stronger or weaker]",
    "S2": "in {rest} the error has {percent} of the energy",
    "S2-fine": "in {rest} the error has {percent} of the energy",
    "S3": "waves are right down to {value}",
    "C1": "the area mean of one time step moved by {percent} of its standard deviation in time",
    "C2": "regional means moved by {percent} of their standard deviation",
    "C3": "the total [grew|shrank|changed] by {percent}",
    "C4-toa": "the radiation budget at the top of the atmosphere moved by {value}",
    "C4-surface": "the energy budget at the surface moved by {value}",
    "C4-water": "precipitation less evaporation moved by {value}",
    "C5-mass": "the mass of dry air moved by {value}",
    "C5-water": "the water in the air changed by {percent}",
    "C5-enthalpy": "the heat in the air moved by {value}",
    "C6-kinetic": "the kinetic energy of the wind [grew|shrank|changed] by {percent}",
    "C6-ocean-heat": "the heat in the ocean [grew|shrank|changed] by {percent}",
    "T1": "the least similar map has a structural similarity of {number}",
    "T2": "gradients are off by {percent}",
    "T3": "fine detail became {percent} [stronger|weaker|stronger or weaker]",
    "T4": "steps at every {period} are {percent} larger than elsewhere",
    "T5-vorticity": "vorticity is off by {percent}",
    "T5-divergence": "divergence is off by {percent}",
    "T6-geostrophic": "the geostrophic wind is off by {value}",
    "T6-thickness": "the thermal wind is off by {value}",
    "T7": "relative humidity is off by {value}",
    "M1": "the variance of the usual cell changed by {percent}",
    "M2": "what a step owes to the one before changed by {number} in the usual cell",
    "M3": "the annual cycle became [stronger|weaker|stronger or weaker] by {amount}",
    "M3-phase": "the seasons shifted by {value}",
    "M4": "local trends moved by {number} of their standard error",
    "M5": "the error grows by {amount} along the record",
    "M6": "in the calmest places errors are {percent} of what the weather varies",
    "M7": "the time mean of a place is off by {amount}",
}

_MEANINGS = {row.id: f"would mean: {row.meaning}" for row in CRITERIA}
_SIGNED = ("signed", "mean error")
_WHERE = re.compile(r"(?:time|level) \d+(?: \([^)]*\))?")
_LEVEL = re.compile(r"level (\d+)")


def meaning_of(criterion: str) -> str:
    """What a failure of a criterion would mean; empty for those of other packages and of one's
    own."""
    return _MEANINGS.get(criterion, "")


@dataclass(frozen=True, slots=True)
class Phrase:
    """What happened, and where.

    Parameters
    ----------
    what
        A clause without its place: "the highest 0.01 % of values is lowered by 0.004 K".
    where
        "time 17 (1860-06-01), level 3 (850 hPa)"; empty if it is of all times and levels.
    told
        How a pure number is told, and its limits should be: "percent" of it, what it falls
        "short" of 1, or the "value" itself.
    """

    what: str
    where: str = ""
    told: Told = "value"

    def __str__(self) -> str:
        return f"{self.what} at {self.where}" if self.where else self.what


def phrase(verdict: Verdict, unit: str = "", sigma: Sequence[float] = ()) -> Phrase:
    """What a verdict with a number says happened.

    Parameters
    ----------
    unit, sigma
        Of the variable, and its standard deviation by level: what is told in sigma is told in the
        unit too then.
    """
    parts = verdict.place.split(", ") if verdict.place else []
    here = [part for part in parts if _WHERE.fullmatch(part)]
    rest = ", ".join(part for part in parts if part not in here)
    template = PHRASES.get(verdict.criterion)
    if template is None or not has_number(verdict) or ("{rest}" in template and not rest):
        value = quantity(verdict.value, verdict.unit) if verdict.value is not None else "unknown"
        return Phrase(f"{verdict.metric} is {value}", verdict.place)
    facts = _Facts(verdict, unit, sigma, rest)
    what = re.sub(r"\[([^]]*)\]", lambda m: facts.word(m[1].split("|")), template)
    what = re.sub(r"\{(\w+)\}", lambda m: _FIELDS[m[1]](facts), what)
    used = "{rest}" in template or any(f"{{{name}}}" in template for name in _FROM_REST)
    # What a value was divided by is said in its unit and its reason.
    where = here if used or not rest or rest.startswith("over ") else [*here, rest]
    told: Told = "percent" if "{percent}" in template else "value"
    return Phrase(what, ", ".join(where), "short" if "{short}" in template else told)


@dataclass(frozen=True, slots=True)
class _Facts:
    verdict: Verdict
    unit: str
    sigma: Sequence[float]
    rest: str

    @property
    def size(self) -> float:
        assert self.verdict.value is not None
        return abs(self.verdict.value)

    def word(self, words: Sequence[str]) -> str:
        """The word for more, for less, or for a change of unknown sign."""
        threshold = re.search(r"[\d.]+ mm", self.rest)
        names = [f"signed at {threshold[0]}"] if threshold else [*_SIGNED, self.rest]
        signed = next((self.verdict.detail[n] for n in names if n in self.verdict.detail), 0.0)
        return words[0] if signed > 0 else words[1] if signed < 0 else words[2]

    def amount(self) -> str:
        """What is told in sigma, in the unit of the variable too."""
        level = _LEVEL.search(self.verdict.place)
        index = int(level[1]) if level else 0
        known = index < len(self.sigma) and self.sigma[index] > 0
        if self.verdict.unit != "sigma" or not known:
            return quantity(self.size, self.verdict.unit)
        own = quantity(self.size * self.sigma[index], self.unit)
        return f"{own} ({number_text(self.size)} sigma)"

    def mean(self) -> str:
        """The mean error in the unit, else as it is judged."""
        error = self.verdict.detail.get("mean error")
        return self.amount() if error is None else quantity(abs(error), self.unit)

    def quantile(self) -> str:
        """ "quantile 0.96" as "96 % quantile"."""
        share = self._share()
        return "worst quantile" if share is None else f"{_percent(share)} quantile"

    def tail(self) -> str:
        """ "quantile 0.9999" as "highest 0.01 %"."""
        share = self._share()
        if share is None:
            return "worst tail"
        return f"highest {_percent(1 - share)}" if share > 0.5 else f"lowest {_percent(share)}"

    def period(self) -> str:
        """ "period 8 along x" as "8th cell along x"."""
        found = re.search(r"period (\d+) along (\w+)", self.rest)
        return f"{found[1]}th cell along {found[2]}" if found else "block's border"

    def _share(self) -> float | None:
        found = re.search(r"quantile ([\d.e-]+)", self.rest)
        return float(found[1]) if found else None


def _percent(share: float) -> str:
    return f"{number_text(100 * share)} %"


_FROM_REST = ("quantile", "tail", "end", "period")
_FIELDS: dict[str, Callable[[_Facts], str]] = {
    "value": lambda facts: quantity(facts.size, facts.verdict.unit),
    "number": lambda facts: number_text(facts.size),
    "percent": lambda facts: _percent(facts.size),
    "short": lambda facts: _percent(1 - facts.size),
    "amount": _Facts.amount,
    "mean": _Facts.mean,
    "rest": lambda facts: facts.rest,
    "quantile": _Facts.quantile,
    "tail": _Facts.tail,
    "end": lambda facts: "lowest" if facts.rest.startswith("low") else "highest",
    "period": _Facts.period,
}
