"""What the rounding codec says of bounds that it makes the same of."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.bounds import BoundKind, ErrorBound
from climcomp.codecs.bit_rounding import Rounding


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["absolute", "pointwise_relative"])
def test_a_kept_bound_is_no_looser_and_makes_the_same_bytes(kind: BoundKind, dtype: type) -> None:
    codec, seen = Rounding(), set()
    values = np.random.default_rng(1).normal(280.0, 9.0, (40, 50)).astype(dtype)
    for value in np.geomspace(1e-5, 0.4, 60):
        bound = ErrorBound(kind, float(value))
        kept = codec.kept_bound(bound, values.dtype)
        assert kept.kind == kind
        assert kept.value <= bound.value
        assert codec.encode(values, kept) == codec.encode(values, bound)
        seen.add(kept.value)
    assert len(seen) < 20  # one for each power of two


@pytest.mark.parametrize("kind", ["absolute", "pointwise_relative"])
def test_a_bound_that_rounds_nothing_stays_as_it_is(kind: BoundKind) -> None:
    bound = ErrorBound(kind, 1e-300)
    assert Rounding().kept_bound(bound, np.dtype(np.float32)) == bound
