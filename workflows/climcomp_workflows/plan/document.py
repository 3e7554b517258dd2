"""A plan for a machine: every decision on every variable, sizes, and what a run costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from climcomp_metrics.report.document import to_document
from climcomp_workflows.cost import cost_of
from climcomp_workflows.plan import timing
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.neural import neural_work
from climcomp_workflows.plan.timing import Work
from climcomp_workflows.recipe import Cost
from climcomp_workflows.workers import GpuWorkers


def plan_document(
    plan: Plan,
    costs: Sequence[PlannedCost],
    workers: int,
    settings: Cost | None = None,
    planning_seconds: float = 0.0,
    found: GpuWorkers | None = None,
) -> dict[str, Any]:
    """What `plan_text` says, for a machine. Sizes in bytes, times in seconds.

    Parameters
    ----------
    settings
        The recipe's watts and prices; None: it states none.
    planning_seconds
        What the plan took, for a run plans too; 0: not counted.
    found
        The GPU workers of a run on this machine; None: nobody looked.
    """
    of_variable = {cost.variable: cost for cost in costs}
    work = [timing.work_on(variable, of_variable.get(variable.name)) for variable in plan.variables]
    gpus = found or GpuWorkers(workers, 0)
    variables = [_variable(part, gpus) for part in work]
    source = sum(v["source_bytes"] for v in variables)
    estimated = sum(v["estimated_bytes"] for v in variables)
    cost = cost_of(
        settings or Cost(),
        wall_seconds=timing.wall_seconds(plan, work, workers, planning_seconds),
        workers=workers,
        # A preview replaces nothing: its originals stay.
        source_bytes=sum(v["source_bytes"] for v in variables if not v["is_preview"]),
        stored_bytes=estimated,
    )
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
        "gpu": {"workers": gpus.gpus, "why": gpus.why, "refused": gpus.refused},
        "cost": {
            **to_document(cost),
            "core_seconds": sum(part.seconds for part in work),
            "planning_seconds": planning_seconds,
            "measured_mb_per_second": timing.measured_rate(costs),
            "assumed_read_mb_per_second": timing.READ_MB_PER_SECOND,
            "assumed_lossless_mb_per_second": timing.LOSSLESS_MB_PER_SECOND,
            "assumed_factor_for_checks": timing.CHECKS_FACTOR,
            "assumed_start_seconds": timing.START_SECONDS,
            "assumed_figures_seconds": timing.figures_seconds(plan, workers),
            "assumed_carry_seconds": timing.carry_seconds(plan),
        },
        "checks": plan.checks,
        "warnings": list(plan.warnings),
        "skipped": dict(plan.skipped),
    }


def _variable(work: Work, gpus: GpuWorkers) -> dict[str, Any]:
    variable, spec = work.variable, work.variable.spec
    neural = neural_work(variable, work.seconds, gpus, work.fits)
    raw = timing.raw_bytes(variable)
    return {
        "name": variable.name,
        "how": variable.how,
        "is_preview": variable.is_preview,
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
        "objects": work.shards,
        "amplification": variable.amplification,
        "source_bytes": variable.source_bytes,
        "raw_bytes": raw,
        "estimated_bytes": variable.estimated_bytes,
        "ratio": raw / variable.estimated_bytes if variable.estimated_bytes else None,
        "measured_mb_per_second": work.rate,
        "core_seconds": work.seconds,
        "neural": neural
        and {
            "codec": neural.codec,
            "on_gpu": neural.on_gpu,
            "told": neural.told,
            "fit_core_seconds": work.fits and work.fits.core_seconds,
        },
        "notes": list(variable.notes),
        "own_metrics": [] if variable.settings is None else [o.id for o in variable.settings.own],
    }  # fmt: skip
