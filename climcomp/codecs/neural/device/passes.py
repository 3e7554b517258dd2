"""The fields of a batch of blocks, one after another; each field of all blocks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from climcomp.codecs.neural.device.first import first_tables, predict_first
from climcomp.codecs.neural.device.neighbours import StagePlan, stage_plans
from climcomp.codecs.neural.device.sources import Sources
from climcomp.codecs.neural.geometry import Geometry
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.state import Field
from climcomp.codecs.neural.taps import Taps, as_floats
from climcomp.codecs.neural.walk import Settings, Walk

BYTES_OF_VALUE = 13
"""Bytes on the device that a value of a batch takes beside itself: R, q and its table as int32, and
whether it need not come back."""


@dataclass(frozen=True)
class Numbers:
    """What the fields of a batch became, on the device.

    values : (blocks, fields, rows, columns) int32
        R.
    coded, tables : (blocks, fields * points) int32
        q, and the row of the probabilities with the octaves beside it, in the order of the stream.
    """

    values: Tensor
    coded: Tensor
    tables: Tensor


@dataclass(frozen=True)
class FieldNumbers:
    """One field of a batch while it is coded.

    targets : (blocks, rows, columns) float64
        In units.
    first : (blocks, rows, columns) float64
        mu of stage "0", where there is no reference.
    loose : (blocks, rows, columns) bool, or None
        Which values need not come back.
    slacks : (blocks, 1, 1)
        How far off these may be, in units.
    values : (blocks, fields, rows, columns) int32
        R of all fields.
    coded, tables : (blocks, points) int32
        In the order of the stream; tables of stage "0" are put there later.
    """

    targets: Tensor
    first: Tensor | None
    loose: Tensor | None
    slacks: Tensor
    values: Tensor
    coded: Tensor
    tables: Tensor


class FieldCoder(Protocol):
    """Codes the fields of a batch; holds what a field leaves behind for the next one."""

    bytes_of_field: int
    """Bytes on the device that it takes for every value of one field of each block."""

    def begin(self, blocks: int, taps: Tensor | None) -> None:
        """Before the first field of so many blocks; `taps` (blocks, 36, 31), if any has some."""
        ...

    def code(self, field: Field, distance: int, numbers: FieldNumbers) -> None:
        """Code a field whose first reference is so far away."""
        ...


class Passes:
    """Codes batches of blocks whose fields are alike, with a coder of their fields."""

    def __init__(
        self, geometry: Geometry, settings: Settings, network: Network, coder: FieldCoder
    ) -> None:
        self._settings, self._network, self._coder = settings, network, coder
        plan = Walk(geometry, settings, network, {}).plan
        self._first: StagePlan = stage_plans(plan, torch.device("cpu"))[0]

    def code(self, sources: Sources, geometry: Geometry, taps: Sequence[Taps] | None) -> Numbers:
        """Code all fields of some blocks.

        Parameters
        ----------
        taps
            Of each block; None where no block has any.
        """
        device, shape = sources.fields.device, sources.fields.shape
        values = torch.empty(shape, dtype=torch.int32, device=device)
        coded, tables = (
            torch.empty((*shape[:2], shape[2] * shape[3]), dtype=torch.int32, device=device)
            for _ in range(2)
        )
        every = None
        if taps is not None:
            every = torch.from_numpy(np.stack([as_floats(of_block) for of_block in taps]))
            every = every.to(device)
        self._coder.begin(shape[0], every)
        walk = Walk(geometry, self._settings, self._network, {})
        for number, (frame, field) in enumerate(walk):
            targets = sources.targets(field.position)
            loose = None if sources.loose is None else sources.loose[:, field.position]
            first = self._predicted(targets, loose, sources.slacks) if field.is_first else None
            numbers = FieldNumbers(
                targets, first, loose, sources.slacks, values, coded[:, number], tables[:, number]
            )
            self._coder.code(field, frame.distance, numbers)
        self._say_first(coded, tables)
        return Numbers(values, coded.flatten(1), tables.flatten(1))

    def _predicted(self, targets: Tensor, loose: Tensor | None, slacks: Tensor) -> Tensor:
        """mu of stage "0" in the first field (blocks, rows, columns), from its values in units."""
        rows, columns = self._first.rows, self._first.columns
        wanted = targets[:, rows, columns].contiguous().cpu().numpy()
        are_loose = np.zeros(wanted.shape, dtype=np.bool_)
        if loose is not None:
            are_loose = loose[:, rows, columns].contiguous().cpu().numpy()
        predicted, of_blocks = np.empty_like(wanted), slacks.flatten().tolist()
        for block, slack in enumerate(of_blocks):
            predict_first(
                wanted[block], are_loose[block], slack, self._first.size, predicted[block]
            )
        return torch.from_numpy(predicted).to(targets.device)

    def _say_first(self, coded: Tensor, tables: Tensor) -> None:
        """The rows of the probabilities of stage "0", from what was coded before in each block."""
        found = coded[..., : self._first.end].cpu().numpy()
        said = np.empty_like(found)
        for of_block, put in zip(found, said, strict=True):
            first_tables(of_block, put)
        tables[..., : self._first.end] = torch.from_numpy(said).to(tables.device)
