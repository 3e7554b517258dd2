"""Loops whose sums may be reordered, compiled with numba.

numba's cache looks at the file of the compiled function alone: after an edit of this file, touch
the files that use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.jit import Function, compile_with

NAN_SAFE = frozenset({"reassoc", "contract", "nsz", "arcp"})
"""Sums may be reordered, so that they vectorise; NaN and infinity keep their meaning."""


def compile_loop(function: Function) -> Function:
    """The loop compiled for the types it meets, in one thread, cached beside its file."""
    return compile_with(function, set(NAN_SAFE))


def compile_clean(function: Function) -> Function:
    """Like `compile_loop` for buffers without NaN and infinity, where maxima vectorise."""
    return compile_with(function, True)


def read_only(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """A C-contiguous read-only view: one type for numba, whoever made the array."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
