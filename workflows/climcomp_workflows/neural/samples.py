"""What the codec sees of each point of a block, and what the point is: samples to train on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import usable_bound
from climcomp.codecs.neural.coding import encode_field, look_around
from climcomp.codecs.neural.encode import encode_fields
from climcomp.codecs.neural.features import CANDIDATES, INPUTS, SCALES, Work
from climcomp.codecs.neural.fit import fit_taps
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.codecs.neural.network import CONSTANTS, Network
from climcomp.codecs.neural.probabilities import TOTAL, slots
from climcomp.codecs.neural.state import Block, Field, Stages, batch_of, make_room, stage_of
from climcomp.codecs.neural.taps import Taps
from climcomp.codecs.neural.task import task_of
from climcomp.codecs.neural.walk import Walk, constants_of, new_block
from climcomp.jit import compile_exact

# Our own: bits of a value below which a block weighs no more than this in training.
LEAST_BITS = 0.1


@dataclass(frozen=True, slots=True)
class Samples:
    """Points as the codec met them, coding with some network.

    inputs : (n, 41) int16
        Of the network, in 1/16: those that vary, then the constant ones.
    candidates : (n, 9) float32
        Over S, beside the base.
    target : (n,) float32
        The value beside the base, over S.
    scale : (n,) float32
        S over half a step of the stage.
    weight : (n,) float32
        Of the point in training: less where a point of its block takes more bits, for what counts
        is by what part each block becomes smaller.
    on_lattice : (n,) bool
        Whether steps are counted from the nearest point of a lattice, not from the prediction.
    """

    inputs: NDArray[np.int16]
    candidates: NDArray[np.float32]
    target: NDArray[np.float32]
    scale: NDArray[np.float32]
    weight: NDArray[np.float32]
    on_lattice: NDArray[np.bool_]

    @staticmethod
    def joined(parts: list[Samples]) -> Samples:
        """All of some."""
        names = [one.name for one in dataclasses.fields(Samples)]
        return Samples(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))

    def where_known(self) -> Samples:
        """Those whose target is not NaN."""
        known = ~np.isnan(self.target)
        return Samples(*(getattr(self, one.name)[known] for one in dataclasses.fields(self)))


def samples_of(
    block: NDArray[np.floating],
    bound: ErrorBound,
    network: Network,
    most: int,
    rng: np.random.Generator,
    *,
    hierarchical: bool,
    wraps: bool,
    alpha: float,
    with_taps: bool,
    axis: int = 0,
    filled: NDArray[np.bool_] | None = None,
) -> Samples:
    """About `most` points of a finite block, coded with a network; none that only fill gaps.

    Parameters
    ----------
    filled
        Which values do, of the block's shape.

    Raises
    ------
    BoundError, CodecError
        If the codec refuses the block.
    """
    task = task_of(
        block, usable_bound(bound.value, block), network, hierarchical=hierarchical, axis=axis,
        alpha=ALPHAS.index(alpha), filled=filled,
    )  # fmt: skip
    task = replace(task, settings=replace(task.settings, wraps=wraps))
    plain, symbols = encode_fields(task, {})
    taps: Taps = fit_taps(task, plain.values).taps if with_taps else {}
    symbols = symbols._replace(made=np.zeros(1, dtype=np.int64))
    walk = Walk(task.geometry, task.settings, network, taps)
    coded, room = new_block(task.geometry), make_room(network.hidden)
    tables = slots(shifted=task.settings.is_lattice)
    stages = walk.plan.stages
    share = min(1.0, most / block.size)
    parts: list[Samples] = []
    for frame, field in walk:
        targets, loose = task.targets(field.position), task.loose_at(field.position)
        # All that a stage is predicted from stays as it is after it, but for the means of fields.
        then = coded._replace(spread=coded.spread.copy(), drift=coded.drift.copy())
        encode_field(
            targets, loose, task.slack, coded, stages, field, walk.all_taps, walk.compiled, room,
            tables, symbols,
        )  # fmt: skip
        targets[loose] = np.nan
        for number in range(1, stages.kinds.size):
            count, columns = walk.plan.shape(number)
            rows = np.flatnonzero(rng.random(count) < share)
            if not rows.size:
                continue
            parts.append(_empty(rows.size * columns))
            _note(
                rows, number, targets, then, stages, field, walk.all_taps, room.work,
                parts[-1].inputs, parts[-1].candidates, parts[-1].target, parts[-1].scale,
            )  # fmt: skip
            kind, stride = int(stages.kinds[number]), walk.plan.strides[number]
            parts[-1].inputs[:, INPUTS:] = constants_of(kind, stride, frame)
    found = Samples.joined(parts).where_known()
    sizes = symbols.size[: int(symbols.made[0])] / TOTAL
    bits = -float(np.log2(sizes).sum()) / block.size
    return replace(
        found,
        weight=np.full_like(found.scale, 1 / (bits + LEAST_BITS)),
        on_lattice=np.full(found.scale.shape, task.settings.is_lattice),
    )


def _empty(n: int) -> Samples:
    return Samples(
        np.zeros((n, INPUTS + CONSTANTS), dtype=np.int16),
        np.zeros((n, CANDIDATES - 1), dtype=np.float32),
        np.zeros(n, dtype=np.float32),
        np.zeros(n, dtype=np.float32),
        np.zeros(n, dtype=np.float32),
        np.zeros(n, dtype=np.bool_),
    )


@compile_exact
def _note(
    rows: NDArray[np.int64],
    number: int,
    targets: NDArray[np.float64],
    block: Block,
    stages: Stages,
    field: Field,
    taps: NDArray[np.float64],
    work: Work,
    inputs: NDArray[np.int16],
    candidates: NDArray[np.float32],
    target: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> None:
    """Describe all points of some rows of the stage of this number."""
    stage = stage_of(stages, number, field, taps)
    columns = stage.columns.shape[1]
    count = 0
    _, batch = batch_of(stage.rows.shape[1], columns)
    for row in rows:
        here = stage.rows[3, row]
        for begin in range(0, columns, batch):
            n = min(batch, columns - begin)
            look_around(row, 1, begin, n, block, stage, field, work)
            for j in range(n):
                for k in range(work.inputs.shape[0]):
                    inputs[count, k] = np.int16(work.inputs[k, j])
                local = SCALES[work.scales[j]]
                for k in range(candidates.shape[1]):
                    candidates[count, k] = work.candidates[k, j] / local
                value = targets[here, stage.columns[3, begin + j]]
                target[count] = (value - work.candidates[9, j]) / local
                scale[count] = local / (stage.size / 2)
                count += 1
