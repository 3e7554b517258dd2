"""How many workers a run has, and how many of them have a GPU: as asked for, and as there are."""

from __future__ import annotations

import os
from dataclasses import dataclass

from climcomp.codecs.registry import codes_together
from climcomp.errors import MissingExtraError, UsageError
from climcomp_workflows.cluster.devices import Devices, find_devices, has_torch
from climcomp_workflows.plan.fit_settings import fit_settings
from climcomp_workflows.plan.ladder import auto_codecs
from climcomp_workflows.recipe import Recipe


def worker_count(recipe: Recipe) -> int:
    """How many processes a run of a recipe has on this machine."""
    if recipe.cluster.kind == "inline":
        return 1
    workers = recipe.cluster.workers
    return workers if isinstance(workers, int) else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class GpuWorkers:
    """Of so many workers, so many have a device, and why it is not more or as many as asked.

    Parameters
    ----------
    refused
        Why a run here would be refused; empty where it is not.
    """

    workers: int
    gpus: int
    why: str = ""
    refused: str = ""


def gpu_workers(recipe: Recipe, workers: int | None = None) -> GpuWorkers:
    """What a run of a recipe on this machine would have.

    Devices are looked for only where the recipe asks for a number of them, or may use them.

    Parameters
    ----------
    workers
        Instead of the recipe's.
    """
    wanted = recipe.cluster.gpu
    count = worker_count(recipe) if workers is None else workers
    if wanted == "none":
        return GpuWorkers(count, 0, "the recipe says cluster: {gpu: none}")
    if wanted == "auto":
        if not may_use_devices(recipe):
            return GpuWorkers(count, 0, "no variable may be coded by a codec that uses GPUs")
        found = find_devices()
        return GpuWorkers(count, min(found.count, count), found.why)
    found = find_devices()
    return GpuWorkers(count, wanted, found.why, _refusal(wanted, count, found))


def refuse_missing(found: GpuWorkers) -> None:
    """Begin no run with fewer devices than its recipe asks for.

    Raises
    ------
    MissingExtraError
        If torch is not installed, which would find them.
    UsageError
        If there are not so many, or not so many workers.
    """
    if found.refused and not has_torch():
        raise MissingExtraError(found.refused)
    if found.refused:
        raise UsageError(found.refused)


def may_use_devices(recipe: Recipe) -> bool:
    """Whether a recipe lets any variable be coded on a GPU; its plan may still decide otherwise."""
    given = {"inr": dict(fit_settings(recipe.neural))}
    return any(codes_together(name, **given.get(name, {})) for name in _codecs(recipe))


def _codecs(recipe: Recipe) -> set[str]:
    """All codecs that variables may be coded by."""
    asked = [recipe.defaults.codecs, *(v.codecs for v in recipe.variables.values() if v.codecs)]
    named = (auto_codecs(recipe.effort) if codecs == "auto" else codecs for codecs in asked)
    return {name for names in named for name in names}


def _refusal(wanted: int, workers: int, found: Devices) -> str:
    asked = f"cluster.gpu asks for {wanted} GPU worker{'' if wanted == 1 else 's'}"
    advice = "write auto for as many as there are, or none"
    if found.count < wanted:
        return f"{asked}, but {found.why}: {advice}"
    if workers < wanted:
        return f"{asked}, but there are {workers} workers (cluster.workers): {advice}"
    return ""
