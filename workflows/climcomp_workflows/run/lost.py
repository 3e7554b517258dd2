"""The attribute that tells a reader of a variable what was lost."""

from __future__ import annotations

from dataclasses import replace

from climcomp.archive import ArraySpec
from climcomp.rounding import keepbits_for
from climcomp_metrics.base import Verdict
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.run.variable import VariableRun

LOST = "lossy_compression"


def _rounding_terms(rung: Rung, dtype: str) -> str:
    """What CF 1.12, section 8.4, calls the quantization of a variable."""
    assert rung.bounds is not None
    if rung.bounds[0].kind != "pointwise_relative":
        return "quantization algorithm: linear, to a multiple of a power of two; "
    bits = max(keepbits_for(b.value, dtype) for b in rung.bounds)
    return f"quantization algorithm: bitround, quantization_nsb: {bits}; "


def what_was_lost(run: VariableRun) -> str:
    """One line for the variable's attribute; empty where every bit was kept."""
    rungs = [run.plan.ladder[r.rung] for r in run.results.values()]
    lossy = [rung for rung in rungs if not rung.lossless]
    if not lossy:
        return ""
    loosest = run.plan.ladder[min(r.rung for r in run.results.values())]
    reached = next((v for v in run.verdicts if v.criterion == "P1"), None)
    text = f"climcomp: {loosest.text}; "
    if run.plan.is_preview:
        text = f"PREVIEW, for a quick look only: no bound on any value. {text}"
    if loosest.codec == "rounding":
        text += _rounding_terms(loosest, run.plan.spec.dtype)
    if isinstance(reached, Verdict) and reached.value is not None:
        unit = f" {reached.unit}" if reached.unit else ""
        text += f"largest error reached: {reached.value:.6g}{unit}; "
    if len(lossy) < len(rungs):
        text += f"{len(rungs) - len(lossy)} of {len(rungs)} shards are lossless; "
    if run.plan.decoded:
        text += "the source's packed integers were unpacked first; "
    return text + "checked against the original: see climcomp/report.html"


def published_spec(run: VariableRun) -> ArraySpec:
    """The array as it is published: its attributes, and what was lost."""
    lost = what_was_lost(run)
    if not lost:
        return run.plan.spec
    return replace(run.plan.spec, attributes={**run.plan.spec.attributes, LOST: lost})
