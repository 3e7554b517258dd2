"""The stages of a field by operations on tensors, on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from climcomp.codecs.neural.coding import LARGEST
from climcomp.codecs.neural.device.describe import MISS, OWN, SPREAD, Describer, References
from climcomp.codecs.neural.device.graphs import Replays
from climcomp.codecs.neural.device.neighbours import StagePlan, stage_plans
from climcomp.codecs.neural.device.passes import FieldNumbers
from climcomp.codecs.neural.device.predict import Biases, Predictor
from climcomp.codecs.neural.geometry import Geometry
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.state import Field
from climcomp.codecs.neural.taps import LENGTHS, SETS, set_of
from climcomp.codecs.neural.walk import Settings, Walk


class TensorFields:
    """Codes fields of blocks of one geometry.

    The memory of a field is kept between fields and batches, and so are the launches that were
    recorded; it is made anew where a batch has more blocks, or far fewer, than the one before.
    """

    # Eight planes of float64, two of int32, and what is known of a quarter of the points, which the
    # largest stages have: about 100 numbers of float64 each.
    bytes_of_field = 8 * 8 + 2 * 4 + 100 * 8 // 4

    def __init__(
        self, geometry: Geometry, settings: Settings, network: Network, device: torch.device
    ) -> None:
        rows, columns = geometry.rows, geometry.columns
        plan = Walk(geometry, settings, network, {}).plan
        self._plane, self._device = (rows, columns), device
        self._is_lattice = settings.is_lattice
        self._stages = stage_plans(plan, device)
        self._describe = Describer(device)
        self._predict = Predictor(network, self._describe, device)
        self._biases: dict[tuple[References, int], list[Biases]] = {}
        # On the device, so that a division by one is a division.
        self._sizes = [
            torch.tensor(float(stage.size), dtype=torch.float64, device=device)
            for stage in self._stages
        ]
        self._blocks, self._is_tapped = 0, False

    def _make_room(self, blocks: int) -> None:
        def room(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=self._device)

        points = self._plane[0] * self._plane[1]
        self._targets, self._drift, self._change = (room(blocks, *self._plane) for _ in range(3))
        self._planes = room(OWN + 3, blocks, *self._plane)
        self._coded, self._tables = (room(blocks, points, dtype=torch.int32) for _ in range(2))
        self._first = room(blocks, *self._stages[0].shape)
        self._loose = room(blocks, *self._plane, dtype=torch.bool)
        self._slacks = room(blocks, 1, 1)
        self._taps = room(blocks, SETS, LENGTHS[-1] + 1)
        self._replays = Replays(self._device)

    def begin(self, blocks: int, taps: Tensor | None) -> None:
        """Forget the batch before."""
        if not blocks <= self._blocks < 2 * blocks:
            self._blocks = blocks
            self._make_room(blocks)
        for state in (self._planes, self._drift, self._change):
            state.zero_()
        self._is_tapped = taps is not None
        if taps is not None:
            self._taps[:blocks].copy_(taps)

    def code(self, field: Field, distance: int, numbers: FieldNumbers) -> None:
        """Code a field, on the memory that is kept."""
        blocks = len(numbers.targets)
        self._targets[:blocks].copy_(numbers.targets)
        if numbers.first is not None:
            self._first[:blocks].copy_(numbers.first)
        if numbers.loose is not None:
            self._loose[:blocks].copy_(numbers.loose)
            self._slacks[:blocks].copy_(numbers.slacks)
        for plane, reference in ((OWN + 1, field.first), (OWN + 2, field.second)):
            if reference >= 0:
                self._planes[plane, :blocks].copy_(numbers.values[:, reference])
        refs = References(field.first >= 0, field.second >= 0, field.is_between)
        key = (refs, distance)
        if key not in self._biases:
            self._biases[key] = [
                self._predict.biases(*both)
                for both in zip(field.first_biases, field.skip_biases, strict=True)
            ]
        biases, is_tapped, is_loose = self._biases[key], self._is_tapped, numbers.loose is not None
        self._replays.run(
            (key, is_tapped, is_loose),
            lambda: self._field(refs, biases, is_tapped=is_tapped, is_loose=is_loose),
        )
        numbers.values[:, field.position].copy_(self._planes[OWN, :blocks])
        numbers.coded.copy_(self._coded[:blocks])
        numbers.tables.copy_(self._tables[:blocks])

    def _field(
        self, refs: References, biases: list[Biases], *, is_tapped: bool, is_loose: bool
    ) -> None:
        """Code a field: from its values in units and its references to R, q and tables."""
        planes = self._planes[: OWN + 1 + refs.count]
        self._begin(planes, refs, is_loose=is_loose)
        for number, stage in enumerate(self._stages[1:], start=1):
            taps = None
            if is_tapped:
                first, second = (0 if has else -1 for has in (refs.has_first, refs.has_second))
                taps = self._taps[:, set_of(stage.kind, stage.stride, first, second)]
            known = self._describe(planes, self._drift, stage, refs, taps)
            mu, start, tables = self._predict(
                known, biases[number], stage.logarithm, is_lattice=self._is_lattice
            )
            coded, value = self._quantised(number, start, is_loose=is_loose)
            self._put(self._planes[OWN], stage, value)
            self._put(self._planes[MISS], stage, _clipped(value - mu))
            self._put(self._change, stage, _clipped(value - known.plain))
            self._coded[:, stage.begin : stage.end].copy_(coded.flatten(1))
            self._tables[:, stage.begin : stage.end].copy_(tables.flatten(1))
        self._end(is_first=not refs.has_first)

    def _begin(self, planes: Tensor, refs: References, *, is_loose: bool) -> None:
        """Stage "0": its tables follow when all fields are coded."""
        stage = self._stages[0]
        mu = planes[OWN + 1, :, stage.rows, stage.columns] if refs.has_first else self._first
        coded, value = self._quantised(0, mu, is_loose=is_loose)
        self._put(self._planes[OWN], stage, value)
        self._put(self._planes[MISS], stage, _clipped(value - mu))
        self._coded[:, : stage.end].copy_(coded.flatten(1))

    def _quantised(self, number: int, start: Tensor, *, is_loose: bool) -> tuple[Tensor, Tensor]:
        """q and R of a stage."""
        stage = self._stages[number]
        left = self._targets[:, stage.rows, stage.columns] - start
        coded = left.div(self._sizes[number]).add_(0.5).floor_()
        if is_loose:
            near = left.abs_() <= self._slacks
            coded.masked_fill_(near.logical_and_(self._loose[:, stage.rows, stage.columns]), 0.0)
        return coded, _clipped(torch.add(start, coded, alpha=float(stage.size)))

    @staticmethod
    def _put(plane: Tensor, stage: StagePlan, values: Tensor) -> None:
        plane[:, stage.rows, stage.columns].copy_(values)

    def _end(self, *, is_first: bool) -> None:
        """Learn from a field that was coded."""
        change, spread = self._change, self._planes[SPREAD]
        size = change.abs()
        if is_first:
            spread.copy_(size)
        else:
            spread.mul_(3.0).add_(size).add_(2.0).mul_(0.25).floor_()
        self._drift.mul_(3.0).add_(change).add_(2.0).mul_(0.25).floor_()


def _clipped(values: Tensor) -> Tensor:
    return values.clamp_(-float(LARGEST), float(LARGEST))
