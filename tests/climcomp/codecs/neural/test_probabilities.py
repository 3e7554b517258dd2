"""Tables of probabilities: those of the format, near the distributions that they stand for."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from climcomp.codecs.neural import probabilities
from climcomp.codecs.neural.probabilities import (
    ESCAPE,
    RATIOS,
    REACH,
    ROWS,
    SCALES,
    SHIFTS,
    SYMBOLS,
    TOTAL,
    WEIGHTS,
    index_of,
    octaves_beyond,
    slots,
)
from climcomp.errors import CodecError

EVERY = list(itertools.product(range(SCALES[0], SCALES[1] + 1, 3), (0, 4, 11), (0, 7, 11)))


def wanted(scale: int, ratio: int, weight: int, shift: float = 0.0) -> list[float]:
    """Probabilities of the 64 symbols, by floats."""
    narrow = 2 ** (scale / 6)
    wide = narrow * 2 ** ((ratio + 1) / 2)
    share = 0.005 + 0.9 * 2.0 ** (weight - 7) / (1 + 2.0 ** (weight - 7))

    def below(v: float) -> float:
        return sum(
            part * 0.5 * (1 + math.tanh(v / b / 2))
            for part, b in ((1 - share, narrow), (share, wide))
        )

    inside = [below(2 * q + 1 - shift) - below(2 * q - 1 - shift) for q in range(-REACH, REACH + 1)]
    return [*inside, max(0.0, 1 - sum(inside))]


@pytest.mark.parametrize(("scale", "ratio", "weight"), EVERY)
def test_a_table_costs_hardly_more_than_its_distribution(
    scale: int, ratio: int, weight: int
) -> None:
    row = slots()[index_of(scale, ratio, weight)].astype(int)
    sizes = np.diff(np.append(row, TOTAL))
    assert row[0] == 0
    assert sizes.min() >= 1
    probable = np.array(wanted(scale, ratio, weight))
    ideal = -np.sum(probable * np.log2(np.maximum(probable, 1e-300)))
    real = -np.sum(probable * np.log2(sizes / TOTAL))
    assert -1e-9 <= real - ideal < 0.0015  # bits a value: a slot for each symbol takes as much


@pytest.mark.parametrize(("scale", "ratio", "weight"), EVERY[::5])
def test_residuals_of_both_signs_are_as_probable(scale: int, ratio: int, weight: int) -> None:
    row = slots()[index_of(scale, ratio, weight)].astype(int)
    sizes = np.diff(np.append(row, TOTAL))[:ESCAPE]
    np.testing.assert_allclose(sizes, sizes[::-1], atol=2)


@pytest.mark.parametrize("shift", range(SHIFTS))
@pytest.mark.parametrize(("scale", "ratio", "weight"), EVERY[::7])
def test_shifted_tables_are_the_distribution_beside_the_middle_of_a_step(
    scale: int, ratio: int, weight: int, shift: int
) -> None:
    rows = slots(shifted=True)
    row = rows[ROWS * (1 + shift) + index_of(scale, ratio, weight)].astype(int)
    sizes = np.diff(np.append(row, TOTAL))
    assert sizes.min() >= 1
    probable = np.array(wanted(scale, ratio, weight, (2 * shift - SHIFTS + 1) / SHIFTS))
    ideal = -np.sum(probable * np.log2(np.maximum(probable, 1e-300)))
    real = -np.sum(probable * np.log2(sizes / TOTAL))
    assert -1e-9 <= real - ideal < 0.0015


def test_tables_without_shifts_come_first() -> None:
    np.testing.assert_array_equal(slots(shifted=True)[:ROWS], slots())
    assert len(slots(shifted=True)) == (1 + SHIFTS) * ROWS


def test_there_is_a_row_for_everything_that_a_network_says() -> None:
    rows = {
        index_of(*what)
        for what in itertools.product(
            range(SCALES[0], SCALES[1] + 1), range(RATIOS), range(WEIGHTS)
        )
    }
    assert rows == set(range(len(slots())))
    assert slots().shape[1] == SYMBOLS
    assert not slots().flags.writeable


def test_wider_scales_leave_their_low_bits_to_be_coded_apart() -> None:
    assert [octaves_beyond(scale) for scale in (-20, 18, 19, 24, 25, 30)] == [0, 0, 1, 1, 2, 2]


def test_a_machine_with_other_arithmetic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    half = probabilities._half_sigmoid().copy()
    half[100] += 1 << 12
    monkeypatch.setattr(probabilities, "_half_sigmoid", lambda: half)
    for shifted in (False, True):
        with pytest.raises(CodecError, match="checksum"):
            slots.__wrapped__(shifted=shifted)
