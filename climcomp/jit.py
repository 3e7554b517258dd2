"""Compile loops with numba, cached on disk, without losing their types.

numba's cache looks at the file of the compiled function alone: after an edit of this file, touch
the files that use it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])  # Any: the loops have many shapes


def compile_exact(function: Function) -> Function:
    """The loop compiled for the types it meets, in one thread; floats add up in their order."""
    return compile_with(function, fastmath=False)


def compile_with(function: Function, fastmath: bool | set[str]) -> Function:
    """The same where sums of floats may be reordered, as LLVM's flags of these names say."""
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
