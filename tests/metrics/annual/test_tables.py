"""Tables of years and cells join to their union."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp_metrics.annual.tables import group_levels, join_tables

AXES = ("years", "cells")
COLUMNS = {"count": (np.add, 0), "maxima": (np.maximum, -np.inf)}


def table(years: list[int], cells: list[int], value: float, kind: type = np.float32) -> dict:
    shape = (len(years), len(cells))
    return {
        "years": np.array(years),
        "cells": np.array(cells, np.int16),
        "count": np.full(shape, 2, np.int32),
        "maxima": np.full((2, *shape), value, kind),
    }


def test_years_and_cells_of_both_are_kept() -> None:
    joined = join_tables(table([1, 3], [4], 1.0), table([2, 3], [4, 7], 5.0), AXES, COLUMNS)
    assert joined["years"].tolist() == [1, 2, 3]
    assert joined["cells"].tolist() == [4, 7]
    assert joined["count"].tolist() == [[2, 0], [2, 2], [4, 2]]
    nothing = -np.inf
    assert joined["maxima"][0].tolist() == [[1.0, nothing], [5.0, 5.0], [5.0, 5.0]]


@pytest.mark.parametrize("whole_numbers_first", [True, False])
def test_no_value_is_cut_to_the_type_of_the_other_table(whole_numbers_first: bool) -> None:
    columns = {"maxima": (np.add, 0.0)}
    pair = [table([1], [1], 0, np.int64), table([1], [1], 1.75, np.float64)]
    first, second = pair if whole_numbers_first else pair[::-1]
    assert join_tables(first, second, AXES, columns)["maxima"].tolist() == [[[1.75]], [[1.75]]]


def test_levels_are_told_apart() -> None:
    one = np.ones(1)
    levels = group_levels({"annual/0/a": one, "annual/0/b/c": one, "annual/11/a": one})
    assert {stem: list(rest) for stem, rest in levels.items()} == {
        "annual/0/": ["a", "b/c"],
        "annual/11/": ["a"],
    }
