"""How many different values there are, which shows quantisation: METRICS, D6."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.rows import merge_rows

EVERY = 64
REGISTERS = 4096


class DistinctValues:
    """A sketch of the different values of x and of y, of every 64th map.

    Its keys, with l the level: "distinct/l/registers" (2, 4096) the sketches of x and y;
    "distinct/l/rows" (pieces of maps, 6): time step, first row and column of the piece, how many
    values are finite in both, and how often the most repeated of x and of y occurs in it.
    """

    name: ClassVar[str] = "distinct"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Any variable has it."""
        return ""

    def of(self, part: Part) -> State:
        """Sketches and repeated values of the sampled maps of a part."""
        state: State = {}
        step = stride(part.settings, self.name, EVERY)
        for k, level in enumerate(part.levels()):
            registers = np.zeros((2, REGISTERS), np.uint8)
            rows = []
            for t in np.flatnonzero((part.times() + level) % step == 0):
                x, y = part.original[t, k], part.decoded[t, k]
                good = np.isfinite(x) & np.isfinite(y)
                if not good.any():
                    continue
                most = [_note(v[good], registers[i]) for i, v in enumerate((x, y))]
                _, _, y0, x0 = part.place.start
                rows.append((part.place.start[0] + t, y0, x0, good.sum(), *most))
            if rows:
                state[f"{self.name}/{level}/registers"] = registers
                state[f"{self.name}/{level}/rows"] = np.array(rows, np.int64)
        return state

    def merge(self, first: State, second: State) -> State:
        """The larger of both in each register, and the rows of both."""
        merged = merge_rows(_rows(first), _rows(second))
        for key in first.keys() | second.keys():
            if key.endswith("/registers"):
                both = [np.asarray(s[key], dtype=np.uint8) for s in (first, second) if key in s]
                merged[key] = np.maximum(both[0], both[-1])
        return merged


class DistinctRatio:
    """Number of different values of y over that of x (D6).

    Numbers of different values by HyperLogLog with 4,096 registers, each right within 1.6 %
    (standard error). Source: Flajolet, Fusy, Gandouet and Meunier 2007, "HyperLogLog: the analysis
    of a near-optimal cardinality estimation algorithm". As detail, both numbers, and the share of
    the values of a map that the most repeated one has, the largest and the mean of all maps (of
    the pieces of maps, where shards cut them).
    """

    id: ClassVar[str] = "D6"
    unit: ClassVar[str] = "1"
    _statistic: ClassVar[DistinctValues] = DistinctValues()

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level):
            return level.without(self.id, self.unit, reason)
        found = level.sums_of(self._statistic.name)
        if not found:
            return level.without(self.id, self.unit, "no value of a sampled map is valid")
        of_x, of_y = (cardinality(r) for r in np.asarray(found["registers"], dtype=np.uint8))
        rows = np.asarray(found["rows"], dtype=np.int64)
        shares = rows[:, 4:] / rows[:, 3:4]
        detail = {"distinct of x": of_x, "distinct of y": of_y}
        for i, name in enumerate("xy"):
            detail[f"most repeated of {name}, largest share"] = float(shares[:, i].max())
            detail[f"most repeated of {name}, mean share"] = float(shares[:, i].mean())
        worst = int(np.argmax(shares[:, 1] - shares[:, 0]))
        return level.of(
            self.id, of_y / of_x, self.unit, time=int(rows[worst, 0]), detail=detail,
            sampled=sampled_in_words(level.settings, self._statistic.name, EVERY),
        )  # fmt: skip


def cardinality(registers: NDArray[np.uint8]) -> float:
    """How many different values filled the registers (4096,): Flajolet 2007, figure 3.

    Few values are counted by the registers that stayed empty. Hashes of 64 bits need no
    correction for many.
    """
    size = registers.size
    alpha = 0.7213 / (1.0 + 1.079 / size)
    estimate = alpha * size**2 / float(np.exp2(-registers.astype(np.float64)).sum())
    empty = int((registers == 0).sum())
    if estimate <= 2.5 * size and empty:
        return size * math.log(size / empty)
    return estimate


def _note(values: NDArray[np.floating], registers: NDArray[np.uint8]) -> int:
    """Put finite values into a sketch; how often the most repeated one occurs."""
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.kernels.distinct import fill_registers

    ordered = np.sort(values + values.dtype.type(0))  # -0.0 becomes 0.0: they are one value
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    word = np.uint32 if ordered.dtype == np.float32 else np.uint64
    fill_registers(ordered[first].view(word).astype(np.uint64), registers)
    return int(np.diff(first, append=ordered.size).max())


def _rows(state: State) -> State:
    return {key: array for key, array in state.items() if key.endswith("/rows")}
