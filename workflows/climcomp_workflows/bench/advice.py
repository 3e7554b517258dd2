"""What a bench comes to: the smallest setting that fails nothing, and how to ask for it."""

from __future__ import annotations

import json
import re

from climcomp.errors import BoundError
from climcomp_metrics.report.quantity import number_text, quantity
from climcomp_workflows.bench.model import Curve, Rate, Trial, VariableBench
from climcomp_workflows.bound_text import parse_bound, resolve_bound
from climcomp_workflows.units import is_dimensionless, is_percent

_PLAIN_NAME = re.compile(r"[A-Za-z_][\w./-]*")


def smallest(variable: VariableBench) -> tuple[Curve, Trial, Rate] | None:
    """Of all settings that fail nothing the smallest; None where every one fails something."""
    found = [
        (curve, trial, trial.rate)
        for curve in variable.curves
        if curve.best is not None and (trial := curve.at(curve.best)).rate is not None
    ]
    return min(found, key=lambda f: f[2].stored_bytes, default=None)


def kept(variable: VariableBench) -> tuple[Curve, Trial] | None:
    """The setting that a run would begin with, if it is among those tried."""
    if variable.kept_factor is None:
        return None
    curve = next(c for c in variable.curves if c.label == variable.kept_label)
    return curve, curve.at(variable.kept_factor)


def recipe_line(variable: VariableBench, curve: Curve, trial: Trial) -> str:
    """The entry of a recipe that asks for a setting; empty where no single bound says it."""
    if len({level.bound for level in trial.levels}) != 1:
        return ""
    if variable.relative:
        text = f"{100 * trial.bound:.9g} % relative"
    elif is_dimensionless(variable.unit) and not is_percent(variable.unit):
        text = f"{trial.bound:.9g}"
    elif is_percent(variable.unit):
        text = f"{trial.bound:.9g} % absolute"
    else:
        text = f"{trial.bound:.9g} {variable.unit.strip()}"
    try:
        resolved = resolve_bound(parse_bound(text), variable.unit or None).bound
    except BoundError:  # a unit that nobody can write in a recipe
        return ""
    if resolved.kind != variable.bound_kind:
        return ""
    name = variable.name
    key = name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    quoted = json.dumps(text, ensure_ascii=False)
    return f"{key}: {{bound: {quoted}, codecs: [{curve.codec}]}}"


def error_text(variable: VariableBench, error: float) -> str:
    """An error or a bound as its unit has it: "0.01 K", "1 %" of the value."""
    if variable.relative:
        return f"{number_text(100 * error)} %"
    return quantity(error, variable.unit)


def setting_text(variable: VariableBench, curve: Curve, trial: Trial) -> str:
    """ "sz3 within 0.01 K"."""
    return f"{curve.label} within {error_text(variable, trial.bound)}"


def differing_levels(variable: VariableBench) -> bool:
    """Whether levels have bounds of their own, of which tables name the tightest."""
    return any(
        len({level.bound for level in trial.levels}) > 1
        for curve in variable.curves
        for trial in curve.trials
    )


def percent_text(percent: float) -> str:
    """A difference in rate with its sign: "-12.3 %"."""
    sign = "+" if percent > 0 else ""
    return f"{sign}{percent:.1f} %".replace("-", "\N{MINUS SIGN}")
