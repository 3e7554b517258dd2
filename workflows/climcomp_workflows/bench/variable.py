"""The bench of one variable: its codecs, their curves, and how these compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from climcomp.codecs import Codec, codec_names, get_codec
from climcomp.errors import CodecError
from climcomp_workflows.bench.delta import RateCurve, RateDelta, all_deltas
from climcomp_workflows.bench.grid import CodecSetup, piece_of
from climcomp_workflows.bench.model import (
    QUALITIES,
    CriterionRow,
    Curve,
    LosslessTrial,
    VariableBench,
)
from climcomp_workflows.bench.prepare import Prepared, blocks_text, sample_text
from climcomp_workflows.bench.trials import make_curve, rounding_pays
from climcomp_workflows.plan.fits import is_fitted
from climcomp_workflows.plan.model import PREVIEW_CODEC, VariablePlan

# As a plan does: a rounding before another codec must save this share of the bytes.
WORTH_SHARE = 0.01


def bench_variable(
    prepared: Prepared, factors: Sequence[float], asked: Sequence[str] | None
) -> VariableBench:
    """Try every codec at every factor of the bound.

    Parameters
    ----------
    asked
        The codecs to try; None: all of the registry.

    Raises
    ------
    RecipeError
        If the code of one of the recipe's own metrics fails on the sample.
    """
    plan, kind = prepared.plan, prepared.bounds[0].kind
    setups, left_out = _setups(prepared, asked)
    lossless = _lossless(prepared)  # first, so that no lossy codec pays for the first use of memory
    criteria: dict[str, CriterionRow] = {}
    curves: list[Curve] = []
    for setup in setups:
        behind = rounding_pays(prepared, setup, WORTH_SHARE)
        for one in (setup, behind):
            if one is not None:
                curves.append(make_curve(prepared, one, factors, criteria))
    label, factor = _kept(prepared, curves)
    gate = prepared.gate
    return VariableBench(
        name=plan.name,
        unit=gate.settings.unit,
        planned=_planned(plan),
        bound_kind=kind,
        bound_text=prepared.bound_text,
        bound_source=prepared.bound_source,
        kept_label=label,
        kept_factor=factor,
        sample=sample_text(gate.sample, gate.settings),
        blocks=blocks_text(prepared.blocks),
        whole=gate.sample.whole,
        criteria=criteria,
        curves=tuple(curves),
        lossless=lossless,
        deltas=_deltas(curves),
        left_out=left_out,
        notes=prepared.notes,
    )


# Codecs that are tried only where they are asked for, and why.
ASKED_ALONE = {
    "inr": "it fits a network to every block anew; --codecs inr tries it",
    PREVIEW_CODEC: "it keeps no bound; --codecs preview draws it, at the errors of even spread",
}


def _planned(plan: VariablePlan) -> str:
    if plan.how != "lossy":
        return f"lossless: {plan.reason}"
    passed = [rung.text for rung in plan.ladder[: plan.start]]
    after = f", for the sample fails {' and '.join(passed)}" if passed else ""
    return f"{plan.ladder[plan.start].text}{after}"


def lossy_codecs() -> tuple[dict[str, Codec], dict[str, str]]:
    """All codecs of the registry that keep some bound; and those that cannot be had, and why."""
    found: dict[str, Codec] = {}
    broken: dict[str, str] = {}
    for name in codec_names():
        try:
            codec = get_codec(name)
        except CodecError as error:
            broken[name] = str(error)
            continue
        if codec.kinds:
            found[name] = codec
    return found, broken


def _setups(
    prepared: Prepared, asked: Sequence[str] | None
) -> tuple[list[CodecSetup], dict[str, str]]:
    kind = prepared.bounds[0].kind
    known, left_out = lossy_codecs()
    if asked is not None:
        left_out = {name: why for name, why in left_out.items() if name in asked}
    first = prepared.plan.ladder[0]
    largest = max(prepared.blocks.blocks, key=lambda block: int(block.counts.sum()))
    piece = piece_of(largest.values)
    setups = []
    for name, codec in known.items():
        if asked is not None and name not in asked:
            continue
        if asked is None and name in ASKED_ALONE:
            left_out[name] = ASKED_ALONE[name]
            continue
        if kind not in codec.kinds and not (name == PREVIEW_CODEC and kind == "absolute"):
            keeps = ", ".join(sorted(codec.kinds))
            left_out[name] = f"it keeps {keeps} bounds, this one is {kind}"
            continue
        planned: tuple[tuple[str, Any], ...] | None = None  # Any: a codec's settings
        if first.codec == name:
            planned = first.settings
        elif is_fitted(name):
            planned = prepared.fits
        setups.append(CodecSetup(name, planned, piece))
    return setups, left_out


def _lossless(prepared: Prepared) -> tuple[LosslessTrial, ...]:
    known, broken = lossy_codecs()
    found = []
    for name in codec_names():
        if name in known or name in broken:
            continue
        prepared.blocks.lossless(name)  # the first pass pays for what is loaded and compiled
        found.append(prepared.blocks.lossless(name))
    return tuple(found)


def _kept(prepared: Prepared, curves: Sequence[Curve]) -> tuple[str, float | None]:
    """The curve and the factor of the rung that a run would begin with."""
    plan = prepared.plan
    rung = plan.ladder[plan.start]
    first = plan.ladder[0]
    if rung.bounds is None or first.bounds is None:
        return "", None
    factor = rung.bounds[0].value / first.bounds[0].value
    rounded = rung.keepbits is not None
    for curve in curves:
        if curve.codec == rung.codec and curve.rounded == rounded:
            near = [t.factor for t in curve.trials if abs(t.factor / factor - 1) < 1e-6]
            return (curve.label, near[0]) if near else ("", None)
    return "", None


def _deltas(curves: Sequence[Curve]) -> tuple[RateDelta, ...]:
    found: tuple[RateDelta, ...] = ()
    for quality in QUALITIES:
        found += all_deltas([_rate_curve(curve, quality) for curve in curves], quality)
    return found


def _rate_curve(curve: Curve, quality: str) -> RateCurve:
    points = [
        (trial.rate.bits_per_value, value)
        for trial in curve.trials
        if trial.rate is not None and (value := getattr(trial.rate, quality)) is not None
    ]
    return RateCurve(curve.label, tuple(r for r, _ in points), tuple(q for _, q in points))
