"""Every point once, and never before the points that it is predicted from."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from climcomp.codecs.neural.schedule import COARSEST, Stage, coarsest_stride, inside, stages

SHAPES = [(1, 1), (1, 50), (3, 3), (4, 4), (5, 9), (37, 49), (64, 128), (73, 144), (130, 97)]
NEAREST = {
    "A": list(itertools.product((-1, 1), (-1, 1))),
    "B": [(-1, 0), (1, 0), (0, -1), (0, 1)],
    "C": [(-1, 0), (1, 0), (0, -1), (0, 1), *itertools.product((-1, 1), (-1, 1))],
}
FAR = (-3, -2, 2, 3)


def points(stage: Stage, rows: int, columns: int) -> list[tuple[int, int]]:
    of_rows, of_columns = (
        range(stage.row, rows, stage.step),
        range(stage.column, columns, stage.step),
    )
    return list(itertools.product(of_rows, of_columns))


@pytest.mark.parametrize("wraps", [False, True])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_every_point_is_coded_once(rows: int, columns: int, wraps: bool) -> None:
    seen = np.zeros((rows, columns), int)
    for stage in stages(rows, columns, wraps=wraps):
        found = points(stage, rows, columns)
        assert len(found) == stage.count(rows, columns) > 0
        for point in found:
            seen[point] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("wraps", [False, True])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_nearest_points_are_known_before(rows: int, columns: int, wraps: bool) -> None:
    known = np.zeros((rows, columns), bool)
    for stage in stages(rows, columns, wraps=wraps):
        found, s = points(stage, rows, columns), stage.stride
        for row, column in found if stage.kind != "0" else ():
            for down, right in NEAREST[stage.kind]:
                across = column + right * s
                across = across % columns if wraps else inside(across, columns, s)
                assert known[inside(row + down * s, rows, s), across]
        for point in found:
            known[point] = True


@pytest.mark.parametrize("far", FAR)
def test_what_is_beyond_an_edge_stays_in_its_stage(far: int) -> None:
    for size, stride in itertools.product((4, 5, 9, 50), (1, 2, 4)):
        for index in range(size):
            found = inside(index + far * stride, size, stride) if size > 2 * stride else 0
            assert 0 <= found < size
            assert size <= 2 * stride or (found - index - far * stride) % (2 * stride) == 0


def test_the_coarsest_grid() -> None:
    assert coarsest_stride(721, 1440, wraps=True) == COARSEST
    assert coarsest_stride(721, 1442, wraps=True) == 2
    assert coarsest_stride(721, 1442, wraps=False) == COARSEST
    assert coarsest_stride(37, 49, wraps=False) == 16
    assert coarsest_stride(37, 49, wraps=True) == 1
    assert coarsest_stride(3, 1000, wraps=False) == 1
