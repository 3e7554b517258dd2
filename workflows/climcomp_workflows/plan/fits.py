"""How long fits of networks to every block take on the CPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from climcomp import blocks
from climcomp.codecs.registry import codec_class
from climcomp_metrics.report.quantity import counted, duration
from climcomp_workflows.plan.model import PREVIEW_CODEC, Rung, VariablePlan
from climcomp_workflows.recipe.neural import NeuralRecipe
from climcomp_workflows.recipe.problems import listed

# A block whose codecs race is coded whole by the best of them, after a sixteenth of it by each.
PART_TRIED = 1 / 16


def is_fitted(codec: str) -> bool:
    """Whether a codec fits a network to every block."""
    return bool(getattr(codec_class(codec), "is_fitted", False))


def fitted_by(rung: Rung) -> str | None:
    """The codec of a rung, or of its rivals, that fits a network to every block."""
    return next((codec for codec, _ in rung.coders if is_fitted(codec)), None)


@dataclass(frozen=True, slots=True)
class FitTime:
    """How long the fits of a variable take on the CPU.

    Parameters
    ----------
    core_seconds
        Of one core, on all shards.
    shards
        Among which they are divided.
    at_most
        Whether they may be fewer, for other codecs race for each block.
    """

    core_seconds: float
    shards: int
    at_most: bool

    def wall_seconds(self, workers: int) -> float:
        """The same of so many workers, which do not divide a shard."""
        return self.core_seconds / max(1, min(workers, self.shards))

    def in_words(self, workers: int) -> str:
        """Both, where more workers are of use."""
        up_to = "up to " if self.at_most else ""
        told = f"{up_to}{duration(self.core_seconds)} of one core"
        if workers > 1 and self.shards > 1:
            told += f", {duration(self.wall_seconds(workers))} of {counted(workers, 'worker')}"
        return told


def fit_time(
    variable: VariablePlan, seconds_per_byte: float, rates: Mapping[str, float]
) -> FitTime | None:
    """From what fits of sample blocks took; None where a variable has none, or none was timed.

    Parameters
    ----------
    seconds_per_byte
        Of the codec of the rung that the variable begins with.
    rates
        The same of every codec that was tried.
    """
    rung = variable.ladder[variable.start]
    spec = variable.spec
    size = float(np.prod(spec.shape, dtype=np.float64)) * spec.numpy_dtype.itemsize
    total = seconds_per_byte if is_fitted(rung.codec) else 0.0
    rivals = [rates.get(codec, 0.0) for codec, _ in rung.rivals if is_fitted(codec)]
    total += sum(rivals) + PART_TRIED * (sum(rivals) + (total if rung.rivals else 0.0))
    if not total * size:
        return None
    shards = blocks.chunk_count(spec.shape, spec.written)
    return FitTime(total * size, shards, at_most=bool(rung.rivals))


def unused_fits(recipe: NeuralRecipe, variables: Iterable[VariablePlan]) -> tuple[str, ...]:
    """A warning where the recipe says how networks are fitted, and none is."""
    said = sorted({"fit", "inr"} & recipe.model_fields_set)
    rungs = [rung for one in variables for rung in one.ladder]
    fitted = {codec for rung in rungs for codec, _ in rung.coders if is_fitted(codec)}
    if said and not fitted:
        return (f"neural: {listed(said, 'and')} would do nothing: no network is fitted",)
    if "fit" in said and fitted == {PREVIEW_CODEC} and recipe.inr == "grids":
        return ("neural: fit would do nothing: previews of kind grids have one way alone",)
    return ()


def all_fits(times: Iterable[FitTime], workers: int) -> float:
    """Seconds that so many workers take for the fits of all variables together."""
    parts = list(times)
    shared = sum(part.core_seconds for part in parts) / max(1, workers)
    return max([shared, *(part.core_seconds / max(1, part.shards) for part in parts)])
