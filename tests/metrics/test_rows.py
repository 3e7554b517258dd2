"""Tables that are put together row by row."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import numpy as np

from climcomp_metrics.rows import merge_rows


def test_any_order_of_merging_gives_one_table() -> None:
    rows = np.array([[0.0, 5.0], [3.0, 1.0], [3.0, 2.0], [64.0, 0.5]])
    parts = [{"a/0/rows": rows[[2]]}, {"a/0/rows": rows[[3, 0]]}, {"a/0/rows": rows[[1]]}]
    for order in permutations(parts):
        np.testing.assert_array_equal(reduce(merge_rows, order)["a/0/rows"], rows)


def test_tables_of_one_side_are_kept() -> None:
    first, second = {"a/0/rows": np.ones((1, 2))}, {"a/1/rows": np.zeros((2, 2))}
    assert merge_rows(first, second).keys() == {"a/0/rows", "a/1/rows"}
    assert first.keys() == {"a/0/rows"}
