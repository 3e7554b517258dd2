"""The normal equations of the taps of a batch, summed where its values are.

What is summed is integers (see `taps`), so that the sums are those of the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from climcomp.codecs.neural.device.describe import Describer, References
from climcomp.codecs.neural.device.memory import to_host
from climcomp.codecs.neural.device.sources import Sources
from climcomp.codecs.neural.features import OFFSETS, PREDICTORS
from climcomp.codecs.neural.fit import points_of, strides_of
from climcomp.codecs.neural.geometry import Geometry
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.state import Field, Stages, batch_of
from climcomp.codecs.neural.taps import LARGEST_PART, LENGTHS, OF_ROUNDING, PARTS, SETS
from climcomp.codecs.neural.walk import Settings, Walk

# Our own: points of all blocks that are added at once; each takes about a hundred numbers.
POINTS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Sample:
    """Points of a stage of a field.

    place : (points,)
        In a plane.
    around : (16, points)
        Their neighbours.
    """

    field: Field
    kind: int
    own_set: int
    place: Tensor
    around: Tensor


class Fitter:
    """Sums the normal equations of blocks of one geometry.

    Attributes
    ----------
    points : (sets,)
        How many points each set of taps is for, of which some are taken.
    """

    def __init__(
        self, geometry: Geometry, settings: Settings, network: Network, device: torch.device
    ) -> None:
        walk = Walk(geometry, settings, network, {})
        fields = [field for _, field in walk]
        self.points = points_of(fields, walk.plan.stages)
        self._device, self._describe = device, Describer(device)
        self._predictors = torch.from_numpy(PREDICTORS).to(device)
        chosen = _chosen(fields, walk.plan.stages, strides_of(self.points))
        self._samples = [
            self._sample(field, number, rows, columns, walk.plan.stages, geometry.columns)
            for field, number, rows, columns in chosen
        ]

    def _sample(
        self,
        field: Field,
        number: int,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        stages: Stages,
        width: int,
    ) -> Sample:
        kind = int(stages.kinds[number])
        down = stages.rows[:, stages.row_ends[number - 1] + rows]
        across = stages.columns[:, stages.column_ends[number - 1] + columns]
        places = down[OFFSETS[kind][:, 0] + 3] * width + across[OFFSETS[kind][:, 1] + 3]
        return Sample(
            field,
            kind,
            int(field.sets[number]),
            torch.from_numpy(down[3] * width + across[3]).to(self._device),
            torch.from_numpy(places).to(self._device),
        )

    def sums(
        self, sources: Sources, values: Tensor
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The products (blocks, sets, 31, 31) and errors (blocks, sets, 3), as `taps.accumulate`.

        Parameters
        ----------
        values : (blocks, fields, rows, columns) int32
            R, coded without taps.
        """
        blocks, every = len(values), LENGTHS[-1] + 1
        products = torch.zeros(
            (blocks, SETS, every, every), dtype=torch.float64, device=self._device
        )
        errors = torch.zeros((blocks, SETS, 3), dtype=torch.float64, device=self._device)
        flat = values.flatten(2)
        for sample in self._samples:
            together = max(1, POINTS_AT_ONCE // len(sample.place))
            for begin in range(0, blocks, together):
                some = slice(begin, begin + together)
                wanted = sources.targets_at(sample.field.position, sample.place, some)
                loose = None
                if sources.loose is not None:
                    loose = sources.loose[some, sample.field.position].flatten(1)[:, sample.place]
                known, own_errors = self._known(flat[some], wanted, loose, sample)
                products[some, sample.own_set] += known @ known.transpose(1, 2)
                errors[some, sample.own_set] += own_errors
        return to_host(products), to_host(errors)

    def _known(
        self, values: Tensor, wanted: Tensor, loose: Tensor | None, sample: Sample
    ) -> tuple[Tensor, Tensor]:
        """The integers (blocks, 31, points) of a sample, and its errors (blocks, 3)."""
        field, describe = sample.field, self._describe
        refs = References(field.first >= 0, field.second >= 0, field.is_between)
        near = values[:, field.position, sample.around].double()
        sums = self._predictors[sample.kind] @ near
        m, p1, p2, hi = describe.rounded(sums, 8).unbind(1)
        known = torch.zeros(
            (len(values), LENGTHS[-1] + 1, len(sample.place)),
            dtype=torch.float64,
            device=self._device,
        )
        known[:, :16] = near
        trend = torch.zeros_like(hi)
        if refs.has_first:
            at = values[:, field.first, sample.place].double()
            near = values[:, field.first, sample.around].double()
            known[:, 16], known[:, 17:25] = at, near[:, :8]
            high = self._predictors[sample.kind, 3] @ near
            trend = at - describe.rounded(high, 8)
        if refs.has_second:
            known[:, 25] = values[:, field.second, sample.place].double()
            known[:, 26:30] = values[:, field.second, sample.around[:4]].double()
        known[:, 30] = wanted
        length = LENGTHS[refs.count]
        known[:, :length] -= m[:, None]
        known[:, 30] -= m
        left = wanted - (hi + trend)
        scale = describe.plain_scale((p1 - p2).abs_(), (m - hi).abs_(), trend.abs_())
        return _as_integers(known, left, loose, scale, describe.half)


def _as_integers(
    known: Tensor, left: Tensor, loose: Tensor | None, scale: Tensor, half: Tensor
) -> tuple[Tensor, Tensor]:
    """What is known over about what the plain prediction leaves.

    Every operation is one of its own, and between tensors: each is rounded once, as on the CPU.
    """
    of_left = scale.mul(scale).add_(left.mul(left)).sqrt_()
    largest = known.abs().amax(1).clamp_(min=1.0)
    part = torch.minimum(
        torch.full_like(scale, PARTS).div_(of_left),
        torch.full_like(scale, LARGEST_PART).div_(largest),
    )
    count = torch.full_like(part[:, 0], float(part.shape[1]))
    if loose is not None:  # no point to learn from
        part = part.masked_fill_(loose, 0.0)
        count -= loose.sum(1)
    known = known.mul_(part[:, None]).add_(half).floor_()
    plain = left.mul(part).add_(half).floor_()
    steps = part.mul(part).mul_(OF_ROUNDING).add_(half).floor_()
    return known, torch.stack([plain.mul_(plain).sum(1), count, steps.sum(1)], 1)


def _chosen(
    fields: list[Field], stages: Stages, stride: NDArray[np.int64]
) -> Iterator[tuple[Field, int, NDArray[np.int64], NDArray[np.int64]]]:
    """The rows and columns of the points, in their stages, that `fit` takes on the CPU, too."""
    seen = np.zeros(SETS, dtype=np.int64)
    sizes = np.diff(stages.row_ends, prepend=0), np.diff(stages.column_ends, prepend=0)
    for field in fields:
        for number in range(1, stages.kinds.size):
            own, rows, columns = field.sets[number], sizes[0][number], sizes[1][number]
            together, batch = batch_of(rows, columns)
            counts = -(-rows // together), -(-columns // batch)
            order = seen[own] + 1 + np.arange(counts[0] * counts[1]).reshape(counts)
            seen[own] += order.size
            is_taken = order % stride[own] == 0
            is_taken = is_taken.repeat(together, 0)[:rows].repeat(batch, 1)[:, :columns]
            at, across = np.nonzero(is_taken)
            if at.size:
                yield field, number, at, across
