"""What a worker can load while the plan is still being made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import ArraySpec, build_shard, read_shard
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, encode_block
from climcomp_metrics.bins import make_bins
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import Axes, FieldSettings, Place
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import check_shard


def warm_up() -> None:
    """Import what tasks need and load the compiled kernels: two seconds of a worker's first task.

    One field of 3 x 4 values becomes a shard of SZ3 and is read back, and is measured in both
    types.
    """
    import climcomp_workflows.shard  # noqa: F401  # the import is the purpose

    shape = (1, 1, 3, 4)
    spec = ArraySpec(
        "warm-up", (2, *shape[1:]), ("time", "level", "y", "x"), "float32", shape, (2, *shape[1:])
    )
    encoding = BlockEncoding(get_codec("sz3"), ErrorBound("absolute", 0.1))
    values = np.arange(24, dtype=np.float32).reshape(spec.shape)
    index = (0, 0, 0, 0)
    read_shard(spec, index, build_shard(spec, index, values, lambda b: encode_block(b, encoding)))
    for dtype in (np.float32, np.float64):
        field: NDArray[np.floating] = np.arange(12.0).reshape(shape).astype(dtype)
        settings = FieldSettings(
            variable="warm-up",
            unit="1",
            kind="C",
            masked=False,
            axes=Axes(None, (), 0, 1),
            shape=shape,
            sigma=(1.0,),
            sigma_method="",
            bins=(make_bins(field, 1.0, "C"),),
            valid_range=None,
            exact=(),
            zeros_exact=False,
            periodic_x=False,
            has_area=None,
            horizontal=None,
            chunk=shape,
            shard=shape,
        )
        place = Place("warm-up", (0, 0, 0, 0), shape)
        check_shard(field, field, settings, place, (ErrorBound("absolute", 1.0),))
        measure(field, field, settings, Domain(np.ones((3, 4))), place)
