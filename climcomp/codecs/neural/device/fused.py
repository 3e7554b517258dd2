"""The stages of a field by kernels of Triton and products of matrices, eight launches each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import triton
from numpy.typing import NDArray
from torch import Tensor

from climcomp.codecs.neural.coding import LARGEST
from climcomp.codecs.neural.device import kernels
from climcomp.codecs.neural.device.neighbours import StagePlan, stage_plans
from climcomp.codecs.neural.device.passes import FieldNumbers
from climcomp.codecs.neural.device.predict import TABLE_BITS, table_rows
from climcomp.codecs.neural.features import (
    INPUTS,
    INVERSES,
    LARGEST_LG,
    LARGEST_OVER,
    OFFSETS,
    SCALES,
)
from climcomp.codecs.neural.geometry import Geometry, Plan
from climcomp.codecs.neural.mixture import EXPONENTIALS, LARGEST_OFFSET, LOWEST, WIDEST
from climcomp.codecs.neural.network import LARGEST_HIDDEN, Network
from climcomp.codecs.neural.probabilities import RATIOS, ROWS, WEIGHTS
from climcomp.codecs.neural.state import Field
from climcomp.codecs.neural.taps import LENGTHS, SETS, set_of
from climcomp.codecs.neural.walk import Settings, Walk

POINTS = 128
"""Of a stage that a program codes; one a thread."""
_POINTS_OF_PASS = 1024  # where little is done with each
# Every operation is rounded; that changes no integer, and a default of Triton is about to change.
_OPTIONS = {"enable_fp_fusion": False}
_KNOWN = 11  # rows of what is known of a point: candidates, base, hi + ta


# Triton's kernels take no constants of other modules: theirs are the same.
for _theirs, _ours in (
    (kernels.LARGEST_OVER, LARGEST_OVER),
    (kernels.LARGEST_LG, LARGEST_LG),
    (kernels.LARGEST_HIDDEN, LARGEST_HIDDEN),
    (kernels.LARGEST_OFFSET, LARGEST_OFFSET),
    (kernels.LARGEST, LARGEST),
    (kernels.SET, LENGTHS[-1] + 1),
    (kernels.SHARES, EXPONENTIALS.size),
    (kernels.LOWEST, LOWEST),
    (kernels.WIDEST, WIDEST),
    (kernels.RATIOS, RATIOS),
    (kernels.WEIGHTS, WEIGHTS),
    (kernels.ROWS, ROWS),
    (kernels.FEWEST_WITH_OCTAVES, 1 << TABLE_BITS),
):
    assert _theirs.value == _ours


@dataclass(frozen=True)
class _Stage:
    plan: StagePlan
    rows: Tensor
    columns: Tensor


class FusedFields:
    """Codes fields of blocks of one geometry; torch's products must be exact (see `batches`)."""

    # Targets and their making, four planes of int32; and of a quarter of the points, which the
    # largest stages have, the inputs, what is known, the sums of both layers and the outputs.
    bytes_of_field = 3 * 8 + 4 * 4 + (32 * 4 + 11 * 8 + 4 + (46 + 32 + 14) * 4) // 4

    def __init__(
        self, geometry: Geometry, settings: Settings, network: Network, device: torch.device
    ) -> None:
        self._shape = geometry.rows, geometry.columns
        self._size = geometry.rows * geometry.columns
        self._device = device
        self._is_lattice = settings.is_lattice
        plan = Walk(geometry, settings, network, {}).plan
        self._stages = [
            self._stage(plan, number, stage)
            for number, stage in enumerate(stage_plans(plan, torch.device("cpu")))
        ]
        c = network.compiled()
        self._units = network.hidden
        self._scales_of_biases = c.first_scale, c.skip_scale
        # The first layer and the skip have the same inputs: they are one product.
        given = np.concatenate([c.first * c.first_scale[:, None], c.skip * c.skip_scale[:, None]])
        self._given, self._second, self._third, self._second_bias, self._third_bias = (
            self._there(array)
            for array in (
                given,
                c.second * c.second_scale[:, None],
                c.third * c.third_scale[:, None],
                c.second_bias * c.second_scale,
                c.third_bias * c.third_scale,
            )
        )
        self._inverses, self._scales, self._shares, self._table_rows = (
            self._there(table) for table in (INVERSES, SCALES, EXPONENTIALS, table_rows())
        )
        self._biases: dict[tuple[bool, bool, bool, int], list[tuple[Tensor, Tensor]]] = {}
        # On the device, so that a division by one is a division.
        self._first_size = torch.tensor(
            float(self._stages[0].plan.size), dtype=torch.float64, device=device
        )

    def _stage(self, plan: Plan, number: int, stage: StagePlan) -> _Stage:
        """The rows and columns of the neighbours of the points of a stage, (16, ...) each."""
        found = []
        for axis, (around, ends, scale) in enumerate(
            (
                (plan.stages.rows, plan.stages.row_ends, self._shape[1]),
                (plan.stages.columns, plan.stages.column_ends, 1),
            )
        ):
            own = around[:, (ends[number - 1] if number else 0) : ends[number]]
            table = own[OFFSETS[stage.kind][:, axis] + 3] * scale
            found.append(torch.from_numpy(table.astype(np.int32)).to(self._device))
        return _Stage(stage, *found)

    def _there(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def begin(self, blocks: int, taps: Tensor | None) -> None:
        """Forget the batch before."""
        self._spread, self._drift, self._miss, self._change = (
            torch.zeros((blocks, *self._shape), dtype=torch.int32, device=self._device)
            for _ in range(4)
        )
        self._is_tapped = taps is not None
        none = torch.zeros((1, SETS, LENGTHS[-1] + 1), dtype=torch.float64, device=self._device)
        self._taps = none if taps is None else taps

    def code(self, field: Field, distance: int, numbers: FieldNumbers) -> None:
        """Code a field."""
        key = (field.first >= 0, field.second >= 0, field.is_between, distance)
        if key not in self._biases:
            first, skip = self._scales_of_biases
            self._biases[key] = [
                (self._there(of_first * first), self._there(of_skip * skip))
                for of_first, of_skip in zip(field.first_biases, field.skip_biases, strict=True)
            ]
        self._begin(field, numbers)
        for number in range(1, len(self._stages)):
            self._code_stage(number, field, self._biases[key][number], numbers)
        count = self._spread.numel()
        kernels.end_field[(triton.cdiv(count, _POINTS_OF_PASS),)](
            self._spread, self._drift, self._change, count,
            IS_FIRST=field.is_first, POINTS=_POINTS_OF_PASS, **_OPTIONS,
        )  # fmt: skip

    def _begin(self, field: Field, numbers: FieldNumbers) -> None:
        """Stage "0": its tables follow when all fields are coded."""
        stage = self._stages[0].plan
        mu = numbers.first
        if mu is None:
            mu = numbers.values[:, field.first, stage.rows, stage.columns].double()
        left = numbers.targets[:, stage.rows, stage.columns] - mu
        coded = left.div(self._first_size).add_(0.5).floor_()
        if numbers.loose is not None:
            near = left.abs_() <= numbers.slacks
            near.logical_and_(numbers.loose[:, stage.rows, stage.columns])
            coded.masked_fill_(near, 0.0)
        value = torch.add(mu, coded, alpha=float(stage.size)).clamp_(-LARGEST, LARGEST)
        numbers.values[:, field.position, stage.rows, stage.columns] = value.int()
        self._miss[:, stage.rows, stage.columns] = (value - mu).clamp_(-LARGEST, LARGEST).int()
        numbers.coded[:, : stage.end] = coded.flatten(1).int()

    def _code_stage(
        self, number: int, field: Field, biases: tuple[Tensor, Tensor], numbers: FieldNumbers
    ) -> None:
        stage = self._stages[number]
        plan, blocks = stage.plan, len(numbers.targets)
        rows, columns = plan.shape
        total = blocks * rows * columns

        def room(units: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.empty((units, total), dtype=dtype, device=self._device)

        inputs, known, octaves = room(INPUTS), room(_KNOWN, torch.float64), room(1, torch.int32)
        step = max(plan.rows.step, plan.columns.step)  # a single row steps nowhere
        own_set = set_of(plan.kind, plan.stride, field.first, field.second)
        programs = (triton.cdiv(rows * columns, POINTS), blocks)
        kernels.describe_stage[programs](
            numbers.values, self._spread, self._drift, self._miss, self._taps, inputs, known,
            octaves, stage.rows, stage.columns, self._inverses,
            field.position, field.first, field.second, numbers.values.shape[1], self._size,
            own_set, self._taps.stride(0), total,
            rows, columns, plan.rows.start, plan.columns.start, step,
            self._shape[1],
            KIND=plan.kind, HAS_FIRST=field.first >= 0, HAS_SECOND=field.second >= 0,
            IS_BETWEEN=field.is_between, IS_TAPPED=self._is_tapped, POINTS=POINTS, **_OPTIONS,
        )  # fmt: skip
        given = self._given @ inputs
        hidden, skipped = given[: self._units], given[self._units :]
        of_units = (triton.cdiv(total, _POINTS_OF_PASS), self._units)
        kernels.activate[of_units](hidden, biases[0], total, POINTS=_POINTS_OF_PASS, **_OPTIONS)
        hidden = self._second @ hidden
        kernels.activate[of_units](
            hidden, self._second_bias, total, POINTS=_POINTS_OF_PASS, **_OPTIONS
        )
        outputs = self._third @ hidden
        loose = self._miss if numbers.loose is None else numbers.loose.view(torch.uint8)
        kernels.code_stage[programs](
            numbers.values, numbers.targets, loose, numbers.slacks, self._miss, self._change,
            numbers.coded, numbers.tables, outputs, skipped, known, octaves,
            self._third_bias, biases[1], self._scales, self._shares, self._table_rows,
            field.position, numbers.values.shape[1], self._size, numbers.coded.stride(0), total,
            rows, columns, plan.begin, plan.rows.start, plan.columns.start, step, self._shape[1],
            plan.size, plan.logarithm, loose.stride(0),
            IS_LATTICE=self._is_lattice, IS_LOOSE=numbers.loose is not None, POINTS=POINTS,
            **_OPTIONS,
        )  # fmt: skip
