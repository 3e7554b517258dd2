"""Where the blocks of `ncx` are coded, and what that takes without a GPU."""

from __future__ import annotations

from dataclasses import dataclass

from climcomp_metrics.report.quantity import counted, duration
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.workers import GpuWorkers


def codes_on_device(rung: Rung) -> bool:
    """Whether a device can code blocks of a rung: by `ncx`, as its codec or as a rival.

    Logarithms that `log` hands to `ncx` stay on the CPU: `log` decodes them at once, and may code
    them once more within a tighter bound, block by block.
    """
    return "ncx" in (rung.codec, *(name for name, _ in rung.rivals))


@dataclass(frozen=True, slots=True)
class NeuralWork:
    """Whether a GPU codes blocks of a variable, and the same in words."""

    on_gpu: bool
    told: str


def neural_work(
    variable: VariablePlan, core_seconds: float, found: GpuWorkers
) -> NeuralWork | None:
    """Where a variable's blocks are coded by ncx; None where none of them is.

    Parameters
    ----------
    core_seconds
        Of all work on the variable, on the CPU.
    """
    rungs = variable.ladder[variable.start :]
    takes = f"all work on the variable takes {duration(core_seconds)} of one core"
    if any(map(codes_on_device, rungs)):
        if found.refused:
            return NeuralWork(False, f"on the CPU {takes}; a run here is refused: {found.refused}")
        if found.gpus:
            others = " and the cores of the others" if found.workers > found.gpus else ""
            workers = counted(found.gpus, "GPU worker")
            return NeuralWork(True, f"coded on {workers}{others}; without a GPU {takes}")
        why = f" ({found.why})" if found.why else ""
        return NeuralWork(False, f"coded on the CPU{why}: {takes}")
    if any(map(_logarithms, rungs)):
        return NeuralWork(False, f"logarithms are coded on the CPU: {takes}")
    return None


def _logarithms(rung: Rung) -> bool:
    return ("inner", "ncx") in rung.settings
