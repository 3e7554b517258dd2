"""Compile loops with numba, cached on disk, without losing their types.

numba's cache looks at the file of the compiled function alone: after an edit of this file, touch
the files that use it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])  # Any: the loops have many shapes

NAN_SAFE = frozenset({"reassoc", "contract", "nsz", "arcp"})
"""Sums may be reordered, so that they vectorise; NaN and infinity keep their meaning."""


def compile_loop(function: Function) -> Function:
    """The loop compiled for the types it meets, in one thread, cached beside its file."""
    return _compile(function, set(NAN_SAFE))


def compile_clean(function: Function) -> Function:
    """Like `compile_loop` for buffers without NaN and infinity, where maxima vectorise."""
    return _compile(function, True)


def _compile(function: Function, fastmath: bool | set[str]) -> Function:
    # A division by zero gives infinity, as in NumPy, and needs no test that would stop vectors.
    options: dict[str, Any] = {"fastmath": fastmath, "nogil": True, "error_model": "numpy"}
    compiled: Function
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError as error:
        # Neither the package's folder nor the user's cache folder can be written.
        logger.info("%s is compiled anew in every process: %s", function.__name__, error)
        compiled = numba.njit(**options)(function)
    return compiled


def read_only(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """A C-contiguous read-only view: one type for numba, whoever made the array."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
