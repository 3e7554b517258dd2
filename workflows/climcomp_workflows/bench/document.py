"""The bench as JSON, and its schema."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from climcomp_metrics.report.document import to_document
from climcomp_workflows.bench.model import BENCH_VERSION, Bench, Curve, Judged, Trial


def to_dict(bench: Bench) -> dict[str, Any]:  # JSON has no narrower type than this
    """The JSON document that `schema.json` describes.

    `ratio` is written for readers that have no climcomp. Values and outcomes of criteria stand in
    two objects side by side, so that each is a plain column.
    """
    document = {"bench": BENCH_VERSION, **to_document(bench)}
    for entry, variable in zip(document["variables"], bench.variables, strict=True):
        entry["curves"] = [_curve(curve) for curve in variable.curves]
        for line, trial in zip(entry["lossless"], variable.lossless, strict=True):
            line["ratio"] = trial.ratio
    return document


def _curve(curve: Curve) -> dict[str, Any]:
    return {**to_document(curve), "trials": [_trial(trial) for trial in curve.trials]}


def _trial(trial: Trial) -> dict[str, Any]:
    written = {**to_document(trial), **_criteria(trial.criteria)}
    del written["criteria"]
    if trial.rate is not None:
        written["rate"]["ratio"] = trial.rate.ratio
    for entry, level in zip(written["levels"], trial.levels, strict=True):
        del entry["criteria"]
        entry.update(_criteria(level.criteria))
    return written


def _criteria(judged: dict[str, Judged]) -> dict[str, Any]:
    return {
        "values": to_document({name: one.value for name, one in judged.items()}),
        "outcomes": {name: one.outcome for name, one in judged.items()},
    }


def to_json(bench: Bench) -> str:
    """The text of bench.json, without white space: many levels make many numbers."""
    return json.dumps(to_dict(bench), allow_nan=False, separators=(",", ":")) + "\n"


def schema() -> dict[str, Any]:  # JSON has no narrower type than this
    """The JSON Schema (2020-12) of what `to_dict` gives."""
    text = files("climcomp_workflows.bench").joinpath("schema.json").read_text("utf-8")
    return dict(json.loads(text))
