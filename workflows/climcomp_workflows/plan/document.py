"""A plan for a machine: every decision on every variable, sizes, and what a run costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from climcomp import blocks
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan, VariablePlan

# Seen over files of HDF5 with deflate; a parallel file system gives more, a tape library less.
READ_MB_PER_SECOND = 200.0
# Of variables whose samples were not compressed, because they keep every bit: pcodec, both ways.
LOSSLESS_MB_PER_SECOND = 100.0
# DESIGN, "Speed": metrics, checksums and Dask together cost no more than a codec's round trip.
CHECKS_FACTOR = 2.0


def plan_document(plan: Plan, costs: Sequence[PlannedCost], workers: int) -> dict[str, Any]:
    """What `plan_text` says, for a machine. Sizes in bytes, times in seconds."""
    rates = _rates(costs)
    variables = [_variable(variable, rates.get(variable.name)) for variable in plan.variables]
    core_seconds = sum(v["core_seconds"] for v in variables)
    source = sum(v["source_bytes"] for v in variables)
    estimated = sum(v["estimated_bytes"] for v in variables)
    raw_sampled = sum(cost.sampled_bytes for cost in costs)
    seconds = sum(cost.seconds for cost in costs)
    return {
        "name": plan.name,
        "plan_digest": plan.digest(),
        "recipe_digest": plan.recipe_digest,
        "sources": {
            group: {
                "files": len(dataset.identity),
                "bytes": sum(file.size_bytes for file in dataset.identity),
                "first": dataset.identity[0].name if dataset.identity else None,
            }
            for group, dataset in plan.datasets.items()
        },
        "variables": variables,
        "together": [
            {
                "label": group.group.label,
                "relation": group.group.relation,
                "members": dict(group.group.members),
                "criteria": list(group.criteria),
            }
            for group in plan.together
        ],
        "totals": {
            "variables": len(variables),
            "shards": sum(v["objects"] for v in variables),
            "source_bytes": source,
            "raw_bytes": sum(v["raw_bytes"] for v in variables),
            "estimated_bytes": estimated,
            "ratio_to_source": source / estimated if estimated else None,
        },
        "cost": {
            "core_seconds": core_seconds,
            "wall_seconds": core_seconds / workers,
            "workers": workers,
            "measured_mb_per_second": raw_sampled / 1e6 / seconds if seconds > 0 else None,
            "assumed_read_mb_per_second": READ_MB_PER_SECOND,
            "assumed_lossless_mb_per_second": LOSSLESS_MB_PER_SECOND,
            "assumed_factor_for_checks": CHECKS_FACTOR,
        },
        "checks": plan.checks,
        "warnings": list(plan.warnings),
        "skipped": dict(plan.skipped),
    }


def _rates(costs: Iterable[PlannedCost]) -> dict[str, float]:
    """MB/s of raw values, by variable."""
    return {
        cost.variable: cost.sampled_bytes / 1e6 / cost.seconds
        for cost in costs
        if cost.seconds > 0 and cost.sampled_bytes > 0
    }


def _variable(variable: VariablePlan, rate: float | None) -> dict[str, Any]:
    spec = variable.spec
    raw = math.prod(spec.shape) * spec.numpy_dtype.itemsize
    codec_seconds = CHECKS_FACTOR * raw / 1e6 / (rate or LOSSLESS_MB_PER_SECOND)
    read_seconds = variable.amplification * raw / 1e6 / READ_MB_PER_SECOND
    return {
        "name": variable.name,
        "how": variable.how,
        "class": variable.kind,
        "reason": variable.reason,
        "unit": str(spec.attributes.get("units", "")),
        "dims": list(spec.dims),
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "decoded": variable.decoded,
        "bound": variable.bound_text,
        "bound_source": variable.bound_source,
        "bounds": [bound.to_dict() for bound in variable.ladder[0].bounds or ()],
        "ladder": [rung.text for rung in variable.ladder],
        "start": variable.start,
        "enforced": variable.enforced,
        "on_fail": variable.on_fail,
        "codec": spec.codec,
        "chunk": list(spec.chunk),
        "shard": None if spec.shard is None else list(spec.shard),
        "objects": blocks.chunk_count(spec.shape, spec.written),
        "amplification": variable.amplification,
        "source_bytes": variable.source_bytes,
        "raw_bytes": raw,
        "estimated_bytes": variable.estimated_bytes,
        "ratio": raw / variable.estimated_bytes if variable.estimated_bytes else None,
        "measured_mb_per_second": rate,
        "core_seconds": codec_seconds + read_seconds,
        "notes": list(variable.notes),
        "own_metrics": [] if variable.settings is None else [o.id for o in variable.settings.own],
    }  # fmt: skip
