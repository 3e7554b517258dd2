"""What fits of all networks share: stacks of blocks, rounding, and the code length of weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from climcomp.codecs.neural.inr.descent import Flags
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.task import Task


def generators(tasks: Sequence[Task], device: str = "cpu") -> list[torch.Generator]:
    """One for each block, so that its numbers do not depend on the blocks beside it."""
    return [torch.Generator(device).manual_seed(task.seed) for task in tasks]


def on_device(device: str, values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)


def stacked(blocks: Sequence[NDArray[Any]], device: str) -> Tensor:
    return on_device(device, np.stack([values.astype(np.float32) for values in blocks]))


def rounded(value: Tensor) -> Tensor:
    """Rounded, with the gradient of the value itself."""
    return value + (torch.round(value) - value).detach()


def _code_length(value: Tensor) -> Tensor:
    """(K,) bits of the whole numbers of K arrays."""
    mean = value.abs().flatten(1).mean(1)
    return value[0].numel() * torch.log2(1 + 2 * math.e * mean)


def rate_of(taken: Sequence[Tensor]) -> Tensor:
    """(K,) bits of all arrays of K blocks."""
    return torch.stack([_code_length(x) for x in taken]).sum(0)


def mixed(fitting: Fitting) -> AbstractContextManager[None]:
    found: AbstractContextManager[None] = torch.autocast(
        torch.device(fitting.device).type,
        dtype=torch.bfloat16,
        enabled=fitting.precision == "bfloat16",
    )
    return found


def quantised(value: Tensor, rounds: Flags, noise: Sequence[torch.Generator]) -> Tensor:
    """Rounded for some of the K blocks, noisy for the others."""
    if rounds.all():
        return rounded(value)
    drawn = [torch.rand(value.shape[1:], generator=one, device=value.device) for one in noise]
    noisy = value + torch.stack(drawn) - 0.5
    if not rounds.any():
        return noisy
    which = torch.from_numpy(rounds.copy()).to(value.device)
    return torch.where(which.reshape(-1, *[1] * (value.ndim - 1)), rounded(value), noisy)


def counting(tasks: Sequence[Task], device: str) -> Tensor:
    """(K, ...) 1 where a value counts, else 0."""
    found = [np.ones(t.layout.lengths, np.float32) if t.known is None else t.known for t in tasks]
    return stacked(found, device)


def whole_numbers(values: Sequence[Tensor], step: float = 1.0) -> list[NDArray[np.int64]]:
    """As so many steps."""
    return [np.rint(x.detach().cpu().numpy() / step).astype(np.int64) for x in values]


def square_bits(left: Tensor) -> Tensor:
    """(K,) half the logarithm of the mean square, in tolerances: bits to a value at a high rate."""
    return 0.5 * torch.log2((left**2).flatten(1).mean(1) + 1e-9)
