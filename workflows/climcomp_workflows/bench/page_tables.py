"""The tables of a variable on the page of a bench."""

from __future__ import annotations

from climcomp_metrics.report.lights import badge
from climcomp_metrics.report.markup import Markup, element, joined
from climcomp_metrics.report.quantity import enumerated, number_text, times
from climcomp_metrics.report.sheet import table
from climcomp_metrics.report.verdicts import SUITE_NAMES
from climcomp_workflows.bench.advice import error_text, percent_text
from climcomp_workflows.bench.delta import RateDelta
from climcomp_workflows.bench.model import QUALITIES, Curve, Speed, Trial, VariableBench

_MOST_IDS = 6
_QUALITY_WORDS = {"psnr_db": "equal PSNR", "largest_error_db": "equal largest error"}


def plan_table(variable: VariableBench) -> Markup:
    """Every codec at the plan's own bound, and those without one."""
    rows = [(curve.label, *_cells(variable, curve.at(1.0))) for curve in variable.curves]
    rows += [
        (line.codec, times(line.ratio), number_text(line.bits_per_value), "0", "0", "-",
         *_speeds(line.speed), badge("exact"))
        for line in variable.lossless
    ]  # fmt: skip
    return table(("Codec", *_COLUMNS), rows)


_COLUMNS = (
    "Ratio", "Bits a value", "Largest error", "RMSE", "PSNR (dB)", "Encode MB/s", "Decode MB/s",
    "Tests",
)  # fmt: skip


def every_trial(variable: VariableBench) -> Markup:
    """Every codec at every bound."""
    rows = [
        (f"{curve.label} within {error_text(variable, trial.bound)}", *_cells(variable, trial))
        for curve in variable.curves
        for trial in curve.trials
    ]
    return table(("Setting", *_COLUMNS), rows)


def _cells(variable: VariableBench, trial: Trial) -> tuple[str, ...]:
    rate, speed = trial.rate, trial.speed
    if rate is None or speed is None:
        return (*("-" for _ in _COLUMNS[:-1]), f"refused: {trial.refused}")
    unit = "" if variable.unit in ("", "1") else f" {variable.unit}"
    return (
        times(rate.ratio),
        number_text(rate.bits_per_value),
        error_text(variable, rate.largest_error),
        f"{number_text(rate.rmse)}{unit}",
        "-" if rate.psnr_db is None else f"{rate.psnr_db:.1f}",
        *_speeds(speed),
        _tests(trial),
    )


def _speeds(speed: Speed) -> tuple[str, str]:
    return number_text(speed.encode_mb_s, 2), number_text(speed.decode_mb_s, 2)


def _tests(trial: Trial) -> Markup:
    if not trial.failed:
        return badge("pass", "none fails")
    return joined(badge("fail", "fails"), f" {_ids(trial.failed)}")


def _ids(criteria: tuple[str, ...]) -> str:
    more = len(criteria) - _MOST_IDS
    some = ", ".join(criteria[:_MOST_IDS])
    return f"{some} and {more} more" if more > 0 else some


def failures_table(variable: VariableBench) -> Markup:
    """For each suite and codec the tightest bound that fails, with the criteria."""
    suites = [
        name
        for name in SUITE_NAMES
        if any(f.suite == name for curve in variable.curves for f in curve.first_failures)
    ]
    if not suites:
        return element("p", "No suite fails at any bound that was tried.")
    rows = (
        (suite, *(_first(variable, curve, suite) for curve in variable.curves)) for suite in suites
    )
    return table(("Suite", *(curve.label for curve in variable.curves)), rows)


def _first(variable: VariableBench, curve: Curve, suite: str) -> str:
    for first in curve.first_failures:
        if first.suite == suite:
            again = "; passes at a looser one" if first.passes_again else ""
            return f"{error_text(variable, first.bound)} ({_ids(first.criteria)}){again}"
    return "-"


def delta_tables(variable: VariableBench) -> Markup:
    """Every codec against every other, once for each quality."""
    labels = [curve.label for curve in variable.curves]
    if len(labels) < 2:
        return element("p", "There is one codec: nothing to compare it with.")
    parts: list[Markup] = []
    for quality in QUALITIES:
        found = {(d.tested, d.anchor): d for d in variable.deltas if d.quality == quality}
        rows = (
            (tested, *(_percent(found.get((tested, anchor))) for anchor in labels))
            for tested in labels
        )
        parts.append(element("p", f"At {_QUALITY_WORDS[quality]}:"))
        parts.append(table(("Codec", *(f"against {label}" for label in labels)), rows))
        notes = dict.fromkeys(note for d in found.values() for note in d.notes)
        parts += (element("p", note, class_="absent") for note in notes)
    return joined(*parts)


def _percent(delta: RateDelta | None) -> str:
    if delta is None:
        return "-"
    if delta.percent is None:
        return f"no number: {delta.reason}"
    return percent_text(delta.percent)


def left_out(variable: VariableBench) -> Markup:
    """Codecs that were not tried, and those that refused every bound."""
    said = [f"{name}: {why}" for name, why in variable.left_out.items()]
    said += [
        f"{curve.label} refused every bound: {curve.trials[0].refused}"
        for curve in variable.curves
        if all(trial.rate is None for trial in curve.trials)
    ]
    if not said:
        return Markup()
    return element("p", f"Not tried: {enumerated(said)}", class_="absent")
