"""Blocks to a device and back, by way of memory that it reads and writes fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_device(parts: Sequence[NDArray[Any]], device: torch.device) -> Tensor:
    """Arrays of one shape and type as one tensor (parts, ...)."""
    first = parts[0]
    # Of the same type as the values, which torch need not have as a name.
    dtype = torch.from_numpy(np.empty(0, first.dtype)).dtype
    host = torch.empty((len(parts), *first.shape), dtype=dtype, pin_memory=device.type == "cuda")
    np.stack(parts, out=host.numpy())
    return host.to(device)


def to_host(values: Tensor) -> NDArray[Any]:
    """A tensor as an array, which keeps its memory."""
    if values.device.type == "cpu":
        return values.numpy()
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values)
    return host.numpy()
