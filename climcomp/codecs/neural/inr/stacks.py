"""Blocks of one layout fitted in stacks that a device's memory holds.

Needs torch, which `fit_module` brings.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from climcomp.codecs.base import load_library
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.grids import Grids
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.task import Task
from climcomp.errors import FitDiverged

# What a descent takes of a device for a value of its blocks: measured on the CPU (bytes/value of
# 1 to 8 blocks of a million values: grids 228 to 276, networks of coordinates 32 to 46), and half
# as much again for what an allocator cannot use.
BYTES_OF_VALUE = {"grids": 400, "fourier": 64, "siren": 64}
# Our own: what a stack may take on a device that is no GPU. Small blocks are then fitted up to
# three times as fast as alone; of a million values each is alone, as caches hold no two.
BYTES_ELSEWHERE = 1 << 28

Say = Callable[[str], None]


def fit_module() -> Any:  # Any: a module
    """`fit`, which imports torch.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    load_library(Inr.module, "torch", Inr.extra)
    from climcomp.codecs.neural.inr import fit

    return fit


def fit_stacks(
    tasks: Sequence[Task], starts: Sequence[Grids] | None, fitting: Fitting, say: Say
) -> list[Model | FitDiverged]:
    """The network of each block, or why it has none.

    Parameters
    ----------
    tasks
        Of one layout.
    starts
        For latent grids, of one choice of sizes.
    say
        Is told where the memory of the device held fewer blocks than it seemed to.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    torch.OutOfMemoryError
        If the device does not hold a single block.
    """
    fit = fit_module()
    torch: Any = importlib.import_module("torch")  # Any: it is optional, so its types are not here
    found: dict[int, Model | FitDiverged] = {}
    waiting = _parts(range(len(tasks)), _blocks_at_once(tasks[0], fitting))
    while waiting:
        numbers = waiting.pop(0)
        some = [tasks[n] for n in numbers]
        try:
            if starts is not None:
                made = fit.refine_grids(some, [starts[n] for n in numbers], fitting)
            else:
                made = fit.fit_waves(some, fitting, fit.width_for(some[0]))
        except FitDiverged as error:
            found |= {numbers[at]: error for at in error.which}
            # Once more, to the same networks: what diverges is rare.
            if others := [n for n in numbers if n not in found]:
                waiting.insert(0, others)
        except torch.cuda.OutOfMemoryError:
            if len(numbers) == 1:
                raise
            half = (len(numbers) + 1) // 2
            say(f"{fitting.device} has no memory to fit {len(numbers)} blocks at once: {half}")
            waiting = [part for one in (numbers, *waiting) for part in _parts(one, half)]
            torch.cuda.empty_cache()
        else:
            found |= dict(zip(numbers, made, strict=True))
    return [found[number] for number in range(len(tasks))]


def _parts(numbers: Sequence[int], most: int) -> list[Sequence[int]]:
    """As few parts as can be, about as long as one another."""
    count = math.ceil(len(numbers) / most)
    bounds = [i * len(numbers) // count for i in range(count + 1)]
    return [numbers[a:b] for a, b in itertools.pairwise(bounds)]


def _blocks_at_once(task: Task, fitting: Fitting) -> int:
    """How many blocks the memory of a device holds."""
    from climcomp.codecs.neural.torch_device import bytes_to_use, device_named

    device = device_named(fitting.device, Inr.name)
    memory = bytes_to_use(device) if device.type == "cuda" else BYTES_ELSEWHERE
    return max(1, memory // (BYTES_OF_VALUE[fitting.kind] * task.layout.points))
