"""Lower the costs of many blocks at once, each as if it were alone.

Imports torch. Adam takes every number by itself, noise comes from a generator of each block, and
each block is looked at and ends by its own cost: so what comes of a block does not depend on those
beside it, but for the rounding of batched sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from climcomp.errors import FitDiverged

# Our own, tried on the fields that `search` names.
WINDOW = 15  # steps between two looks at the cost
LEAST_FALL = 1e-3  # of the cost in a window, below which a phase ends
NOISY = 0.6  # of all steps, at most, with noise in place of rounding

Flags = NDArray[np.bool_]
"""(blocks,)"""


def descend(
    groups: list[dict[str, object]], cost: Callable[[Flags, float], Tensor], effort: int
) -> None:
    """Lower the costs of blocks by Adam, first with noise for rounding, then without.

    Parameters
    ----------
    groups
        Of parameters (blocks, ...), each with its rate.
    cost
        (blocks,), of which weights are rounded, not noisy, and the share of the rate that counts:
        at first none, or Adam would let weights shrink that no point has asked for yet.

    Raises
    ------
    FitDiverged
        If the cost of a block is no number; the others are fitted by then.
    """
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98))
    rates = [float(group["lr"]) for group in adam.param_groups]
    numbers = [x for group in adam.param_groups for x in group["params"]]
    watch = _Watch(numbers, effort)
    for step in range(effort):
        if step >= NOISY * effort:
            watch.rounds[:] = True
        for group, rate in zip(adam.param_groups, rates, strict=True):
            group["lr"] = rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / effort)))
        adam.zero_grad()
        costs = cost(watch.rounds, min(1.0, step / (NOISY * effort)))
        costs.sum().backward()  # type: ignore[no-untyped-call]
        adam.step()
        watch.note(costs.detach(), step)
        if watch.ended.all():
            break
    watch.finish()


class _Watch:
    """How far each block is; lives as long as one descent."""

    def __init__(self, numbers: Sequence[Tensor], effort: int) -> None:
        blocks = len(numbers[0])
        self.rounds: Flags = np.zeros(blocks, dtype=np.bool_)
        self.ended: Flags = np.zeros(blocks, dtype=np.bool_)
        self._numbers, self._effort = numbers, effort
        self._before = np.full(blocks, math.inf)
        self._seen: Tensor | None = None
        self._diverged: dict[int, str] = {}
        self._kept: dict[int, list[Tensor]] = {}

    def note(self, costs: Tensor, step: int) -> None:
        """Take in the costs of a step, and look at them at the end of a window.

        In between they stay on the device, which need not wait.
        """
        self._seen = costs if self._seen is None else self._seen + costs
        is_window = (step + 1) % WINDOW == 0
        if not is_window and step + 1 < self._effort:
            return
        seen = self._seen.double().cpu().numpy()
        self._seen = None
        for number in np.flatnonzero(~np.isfinite(seen) & ~self.ended):
            self._diverged[int(number)] = f"{float(costs[number]):g} at step {step}"
            self.ended[number] = True
        if is_window:
            self._look(seen)

    def _look(self, seen: NDArray[np.float64]) -> None:
        before = self._before
        with np.errstate(invalid="ignore"):
            stalls = np.isfinite(before) & (before - seen < LEAST_FALL * np.abs(before))
        for number in np.flatnonzero(stalls & self.rounds & ~self.ended):
            # The others go on, and it with them: what it is now is what counts.
            self._kept[int(number)] = [x[number].detach().clone() for x in self._numbers]
            self.ended[number] = True
        begins = stalls & ~self.rounds
        self._before = np.where(begins, math.inf, seen)
        self.rounds |= begins

    def finish(self) -> None:
        """Give each block that ended what it was then.

        Raises
        ------
        FitDiverged
            If there are some that diverged.
        """
        with torch.no_grad():
            for number, kept in self._kept.items():
                for x, was in zip(self._numbers, kept, strict=True):
                    x[number].copy_(was)
        if self._diverged:
            cost = next(iter(self._diverged.values()))
            error = FitDiverged(
                f"the fit of codec 'inr' diverges: its cost is {cost} of {self._effort}. Use "
                f"another kind, effort 0 of 'grids', or the next codec"
            )
            error.which = tuple(sorted(self._diverged))
            raise error
