"""What is known of the points of a stage, for all blocks of a batch.

Everything is integers in float64, which holds them exactly, as `features` tells. What is divided by
is a power of two, or both sides are tensors: by a plain number, torch multiplies its reciprocal.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from climcomp.codecs.neural.device.neighbours import Around, StagePlan, look, offsets_of
from climcomp.codecs.neural.features import (
    DIFFERENCES,
    INPUTS,
    INVERSES,
    LARGEST_LG,
    LARGEST_OVER,
    LOGARITHMS,
    SCALES,
    SIG,
)
from climcomp.codecs.neural.taps import LENGTHS, UNIT

SPREAD, MISS, OWN = 0, 1, 2
"""Planes: of the fields before, of this field; R of its references follow."""
# Rows of what is taken over the local scale; the candidates beside the base are those before.
_TREND, _BOTH, _DRIFT, _FAR, _NEAR, _MEAN_MISS = 9, 10, 11, 12, 16, 20
_BEFORE_8, _ZERO_8 = 49, 1023 * 8
_BEFORE_16, _MIDDLE_16 = 48, 1023 * 16 + 16 * 7


@dataclass(frozen=True)
class References:
    """Which fields predict one; without a first there is no second."""

    has_first: bool
    has_second: bool
    is_between: bool

    @property
    def count(self) -> int:
        """How many there are."""
        return self.has_first + self.has_second


@dataclass(frozen=True)
class Known:
    """What is known of the points of a stage, (blocks, rows, columns) each.

    plain
        hi + ta.
    candidates : (9, ...)
        Beside the base.
    scale, octave
        S, and sl as int64.
    inputs : (32, ...) float32
        Of the network.
    """

    base: Tensor
    plain: Tensor
    candidates: Tensor
    scale: Tensor
    octave: Tensor
    inputs: Tensor


class Describer:
    """Describes the points of stages; holds the constants on a device."""

    def __init__(self, device: torch.device) -> None:
        self.half = torch.tensor(0.5, dtype=torch.float64, device=device)
        self._least = torch.tensor(1664 / 64, dtype=torch.float64, device=device)
        self._inverses = torch.from_numpy(INVERSES).to(device)
        self._scales = torch.from_numpy(SCALES).to(device)

    def rounded(self, values: Tensor, bits: int) -> Tensor:
        """r(values, bits)."""
        return torch.add(self.half, values, alpha=2.0**-bits).floor_()

    def plain_scale(self, d12: Tensor, dm: Tensor, away: Tensor) -> Tensor:
        """S where neither spread nor miss is known."""
        sig = torch.add(self._least, d12, alpha=0.25).add_(dm, alpha=0.25)
        return self._scales[_octave(sig.add_(away, alpha=10 / 64).floor_())]

    def __call__(
        self,
        planes: Tensor,
        drift: Tensor,
        stage: StagePlan,
        refs: References,
        taps: Tensor | None,
    ) -> Known:
        """What is known of the points of a stage.

        Parameters
        ----------
        planes : (3 + references, blocks, rows, columns)
        drift : (blocks, rows, columns)
        taps : (blocks, 31)
            Those of the stage: 30, then how many there are, or 0. None where no block has any.
        """
        around = look(planes, stage)
        own = planes[:, :, stage.rows, stage.columns]
        nearest = around.nearest(stage.kind)
        m = self.rounded(nearest[OWN], 2)
        p1, p2, high = self._lines(around, stage.kind, nearest)
        hi = high[0]
        raw = torch.empty((DIFFERENCES, *m.shape), dtype=torch.float64, device=m.device)
        before, extrapolated = _trends(own, high, refs, raw)
        trend = raw[_TREND]
        plain = base = hi + trend
        if taps is not None:
            base = self._tapped(around, own, stage.kind, refs, taps, m, plain)
        torch.sub(hi, base, out=raw[0])
        for row, candidate in (
            (1, p1), (2, p2), (3, m), (4, plain), (7, before), (8, extrapolated),
        ):  # fmt: skip
            torch.sub(candidate, base, out=raw[row])
        torch.add(raw[0], raw[_BOTH], out=raw[5])
        torch.mul(trend, 0.5, out=raw[6]).floor_().add_(raw[0])
        raw[_DRIFT].copy_(drift[:, stage.rows, stage.columns])
        for i, (row, column) in enumerate(offsets_of(stage.kind)[:8]):
            put, middle = (_NEAR + i, m) if i < 4 else (_FAR + i - 4, hi)
            torch.sub(around.at(row, column)[OWN], middle, out=raw[put])
        past = nearest[: MISS + 1].mul_(0.25).floor_()
        raw[_MEAN_MISS].copy_(past[MISS])
        sizes = self._sizes(around, stage.kind, refs, raw, own[SPREAD], past[SPREAD])
        return self._scaled(base, plain, raw, sizes)

    def _lines(self, around: Around, kind: int, nearest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """along1, along2; high in the field and its references."""
        fields = around.map(lambda grid: grid[OWN:])
        if kind == 0:
            own = around.map(lambda grid: grid[OWN])
            lines = [
                torch.sub(own.at(-3, -3 * s) + own.at(3, 3 * s),
                          own.at(-1, -s) + own.at(1, s), alpha=9)
                for s in (1, -1)
            ]  # fmt: skip
            high = self.rounded(_both_ways(fields), 8)
        else:
            # In C only the field itself wants lines.
            some = fields if kind == 1 else fields.map(lambda grid: grid[:1])
            ends = (((-1, 0), (1, 0), (-3, 0), (3, 0)), ((0, -1), (0, 1), (0, -3), (0, 3)))
            lines = [
                torch.sub(some.at(*c) + some.at(*d), some.at(*a) + some.at(*b), alpha=9)
                for a, b, c, d in ends
            ]
            if kind == 1:
                high = self._negated(lines[0] + lines[1], 5)
            else:
                high = torch.sub(fields.diagonal(), nearest[OWN:], alpha=2)
                high = self._negated(high, 2)
            lines = [line[0] for line in lines]
        return self._negated(lines[0], 4), self._negated(lines[1], 4), high

    def _negated(self, values: Tensor, bits: int) -> Tensor:
        """r(-values, bits)."""
        return torch.sub(self.half, values, alpha=2.0**-bits).floor_()

    def _tapped(
        self,
        around: Around,
        own: Tensor,
        kind: int,
        refs: References,
        taps: Tensor,
        m: Tensor,
        plain: Tensor,
    ) -> Tensor:
        """The base of blocks with taps, and of those without."""
        each = taps.T[..., None, None]  # (31, blocks, 1, 1)
        known = torch.mul(m, each[:-1].sum(0)).neg_()
        at = 0
        for field, neighbours in enumerate((16, 8, 4)[: 1 + refs.count]):
            if field:
                known.addcmul_(own[OWN + field], each[at])
                at += 1
            for row, column in offsets_of(kind)[:neighbours]:
                known.addcmul_(around.at(row, column)[OWN + field], each[at])
                at += 1
        assert at == LENGTHS[refs.count]
        base = self.rounded(known, UNIT.bit_length() - 1).add_(m)
        return torch.where(each[-1] > 0, base, plain)

    def _sizes(
        self,
        around: Around,
        kind: int,
        refs: References,
        raw: Tensor,
        spread: Tensor,
        mean_spread: Tensor,
    ) -> Tensor:
        """(11, ...) what logarithms are taken of, less 8."""
        sizes = torch.empty((LOGARITHMS, *spread.shape), dtype=torch.float64, device=raw.device)
        trend, away, d12, dm, change, sig, mean_miss = (sizes[i] for i in (0, 1, 3, 4, 5, 6, 9))
        torch.abs(raw[_TREND], out=trend)
        torch.abs(raw[0], out=away)
        sizes[2].copy_(spread)
        torch.sub(raw[1], raw[2], out=d12).abs_()
        torch.sub(raw[3], raw[0], out=dm).abs_()
        if refs.has_first:
            moved = around.map(lambda grid: (grid[OWN] - grid[OWN + 1]).abs_())
            torch.mul(moved.nearest(kind), 0.25, out=change).floor_()
        else:
            change.zero_()
        misses = around.map(lambda grid: grid[MISS].abs())
        torch.mul(misses.nearest(kind), 0.25, out=mean_miss).floor_()
        torch.add(self._least, d12, alpha=0.25, out=sig)
        sig.add_(dm, alpha=0.25).add_(away, alpha=10 / 64).add_(spread, alpha=0.5)
        sig.add_(mean_miss, alpha=0.125).floor_()
        torch.amax(raw[_NEAR:_MEAN_MISS].abs(), 0, out=sizes[7])
        low, high = torch.aminmax(raw[:9], dim=0)
        torch.sub(high.clamp_(min=0), low.clamp_(max=0), out=sizes[8])
        sizes[10].copy_(mean_spread)
        return sizes

    def _scaled(self, base: Tensor, plain: Tensor, raw: Tensor, sizes: Tensor) -> Known:
        """The inputs of the network, from what is taken over the scale and by its logarithm."""
        octave = _octave(sizes[SIG])
        inverse = self._inverses[octave]
        inputs = torch.empty((INPUTS, *base.shape), dtype=torch.float32, device=base.device)
        for rows, part in (((0, _FAR), 1.0), ((_FAR, _MEAN_MISS), 0.25), ((_MEAN_MISS, None), 1.0)):
            some = slice(*rows)
            over = torch.addcmul(self.half, raw[some], inverse, value=part)
            torch.floor(over, out=over)
            inputs[:DIFFERENCES][some].copy_(over)
        inputs[:DIFFERENCES].clamp_(-LARGEST_OVER, LARGEST_OVER)
        sizes += 8.0
        logarithms = inputs[DIFFERENCES:]
        logarithms.copy_(sizes.view(torch.int64) >> _BEFORE_16)
        logarithms.sub_(_MIDDLE_16).clamp_(max=LARGEST_LG)
        return Known(base, plain, raw[:9], self._scales[octave], octave, inputs)


def _octave(sig: Tensor) -> Tensor:
    """sl."""
    return (sig.view(torch.int64) >> _BEFORE_8).sub_(_ZERO_8)


def _both_ways(fields: Around) -> Tensor:
    """256 times high of A: the same weights along rows and along columns."""
    rows, columns = fields.shape
    grid = fields.grids[1, 1]
    inner = grid[..., 1 : rows + 1, :] + grid[..., 2 : rows + 2, :]
    outer = grid[..., :rows, :] + grid[..., 3:, :]
    half = torch.sub(outer, inner, alpha=9)
    inner = half[..., 1 : columns + 1] + half[..., 2 : columns + 2]
    outer = half[..., :columns] + half[..., 3:]
    return torch.sub(outer, inner, alpha=9)


def _trends(own: Tensor, high: Tensor, refs: References, raw: Tensor) -> tuple[Tensor, Tensor]:
    """a* or hi, and ex; ta and tab are put where they belong."""
    hi, trend, both = high[0], raw[_TREND], raw[_BOTH]
    if not refs.has_first:
        trend.zero_()
        both.zero_()
        return hi, hi
    before = own[OWN + 1]
    torch.sub(before, high[1], out=trend)
    if not refs.has_second:
        both.copy_(trend)
        return before, before
    second = own[OWN + 2]
    other = second - high[2]
    if refs.is_between:
        torch.add(trend, other, out=both).mul_(0.5).floor_()
        return before, (before + second).mul_(0.5).floor_()
    torch.add(other.neg_(), trend, alpha=2, out=both)
    return before, torch.add(second.neg(), before, alpha=2)
