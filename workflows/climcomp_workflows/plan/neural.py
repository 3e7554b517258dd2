"""Where the blocks of neural codecs are coded, and what that takes without a GPU."""

from __future__ import annotations

from dataclasses import dataclass

from climcomp.codecs.registry import codes_together
from climcomp_metrics.report.quantity import counted, duration
from climcomp_workflows.plan.fits import FitTime, fitted_by
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.workers import GpuWorkers


def codes_on_device(rung: Rung) -> bool:
    """Whether a device can code blocks of a rung: by its codec, or by a rival of it.

    Logarithms that `log` hands to `ncx` stay on the CPU: `log` decodes them at once, and may code
    them once more within a tighter bound, block by block.
    """
    return any(codes_together(codec, **dict(settings)) for codec, settings in rung.coders)


def waits_for_device(rung: Rung) -> bool:
    """Whether blocks of a rung are left to the devices, where there are some.

    More than half of a fit's time on the CPU is the descent (11 s of 20 s for a block of 6.6 MB).
    Without it, cores do more by searching and coding for the devices, whose workers use all of
    them; and a shard that a core had begun late would be what a run waits for.
    """
    return fitted_by(rung) is not None and codes_on_device(rung)


@dataclass(frozen=True, slots=True)
class NeuralWork:
    """Which neural codec codes blocks of a variable, whether a GPU does, and the same in words."""

    codec: str
    on_gpu: bool
    told: str


def neural_work(
    variable: VariablePlan, core_seconds: float, found: GpuWorkers, fits: FitTime | None = None
) -> NeuralWork | None:
    """Where a variable's blocks are coded by a neural codec; None where none of them is.

    Parameters
    ----------
    core_seconds
        Of all work on the variable, on the CPU.
    fits
        How long its networks take there.
    """
    rungs = variable.ladder[variable.start :]
    takes = f"all work on the variable takes {duration(core_seconds)} of one core"
    fitted = next(filter(None, map(fitted_by, rungs)), None)
    codec, done = fitted or "ncx", "fitted and coded" if fitted else "coded"
    if fits is not None:
        takes = f"fits take {fits.in_words(found.workers)}, {takes}"
    if any(map(codes_on_device, rungs)):
        if found.refused:
            told = f"on the CPU {takes}; a run here is refused: {found.refused}"
            return NeuralWork(codec, False, told)
        if found.gpus:
            share = not any(map(waits_for_device, rungs)) and found.workers > found.gpus
            others = " and the cores of the others" if share else ""
            workers = counted(found.gpus, "GPU worker")
            told = f"{done} on {workers}{others}; without a GPU {takes}"
            return NeuralWork(codec, True, told)
        why = f" ({found.why})" if found.why else ""
        return NeuralWork(codec, False, f"{done} on the CPU{why}: {takes}")
    if fitted:
        return NeuralWork(codec, False, f"{done} on the CPU, without torch: {takes}")
    if any(map(_logarithms, rungs)):
        return NeuralWork(codec, False, f"logarithms are coded on the CPU: {takes}")
    return None


def _logarithms(rung: Rung) -> bool:
    return ("inner", "ncx") in rung.settings
