"""The values of a batch of blocks on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from climcomp.codecs.neural.device.memory import to_device
from climcomp.codecs.neural.task import Task


@dataclass(frozen=True)
class Sources:
    """Blocks of one shape and type.

    fields : (blocks, fields, rows, columns)
    origins, inverses : (blocks, 1, 1)
        Of their grids: where R is 0, and 1 over a unit.
    loose : (blocks, fields, rows, columns) bool, or None
        Which values need not come back.
    slacks : (blocks, 1, 1)
        How far off these may be, in units.
    """

    fields: Tensor
    origins: Tensor
    inverses: Tensor
    loose: Tensor | None
    slacks: Tensor

    def targets(self, position: int) -> Tensor:
        """A field in units (blocks, rows, columns), as `Grid.targets`."""
        # Two operations: in one, the difference would not be rounded.
        return (self.fields[:, position].double() - self.origins).mul_(self.inverses)

    def targets_at(self, position: int, places: Tensor, some: slice) -> Tensor:
        """Points of a field in units (blocks, points), of some blocks; `places` are in a plane."""
        found = self.fields[some, position].flatten(1)[:, places].double()
        return found.sub_(self.origins[some, 0]).mul_(self.inverses[some, 0])


def sources_of(tasks: Sequence[Task], fields: int, device: torch.device) -> Sources:
    """The first fields of some blocks, all or none of which have values that fill gaps."""

    def numbers(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=device)[:, None, None]

    loose = [task.loose[:fields] for task in tasks if task.loose is not None]
    return Sources(
        to_device([task.fields[:fields] for task in tasks], device),
        numbers([task.grid.origin for task in tasks]),
        numbers([1.0 / task.grid.unit for task in tasks]),
        to_device(loose, device) if loose else None,
        numbers([task.slack for task in tasks]),
    )
