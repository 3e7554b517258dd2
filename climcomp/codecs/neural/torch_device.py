"""A device of torch by its name, and what it and this process have to spare.

Apart from `device`, whose modules are for codec `ncx` alone. torch is imported where it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from climcomp.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import torch

# Our own: the part of a GPU's free memory that a batch may take.
PART_OF_MEMORY = 0.8


def device_named(name: str, codec: str) -> torch.device:
    """The device.

    Parameters
    ----------
    name
        `cpu`, `cuda`, or `cuda:` and a number.
    codec
        That wants it, for the error.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    UsageError
        If there is no such device.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            f"blocks of codec {codec!r} are coded on a device by torch, which cannot be imported "
            f"({error}): pip install 'climcomp[neural]'"
        ) from error
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not (kind == "cuda" and number.isdecimal())):
        raise UsageError(f"device {name!r} is not known; allowed: cpu, cuda, cuda:NUMBER")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device {name!r} is not there: torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} CUDA devices; install a torch for CUDA and its driver, "
            "or name the device cpu"
        )
    return torch.device(name)


def bytes_to_use(device: torch.device) -> int:
    """Bytes of a CUDA device that a batch may take."""
    import torch

    # What torch holds and does not use is free, too.
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(PART_OF_MEMORY * (torch.cuda.mem_get_info(device)[0] + unused))


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
