"""Which codec is smallest on a variable's sample blocks, with which settings."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from climcomp.codecs import choose_settings
from climcomp.errors import BoundError, CodecError
from climcomp.frame import decode_block
from climcomp.rounding import keepbits_for
from climcomp_workflows.plan.coded import axes_of_planes, payload_of, size_of_planes
from climcomp_workflows.plan.ladder import codec_in_words
from climcomp_workflows.plan.model import Settings
from climcomp_workflows.plan.pieces import SampleBlock, piece

# The numbers below are our own.
# Raw bytes of a variable up to which SZ3's two algorithms both run on every whole block; above, a
# sixteenth of each block decides, which costs an eighth of an encode instead of a whole one.
FULL_RACE_BYTES = 64 << 20
# A second encoding stage must save this share of the bytes to be worth its time.
WORTH_SHARE = 0.01
# Rounding before a codec takes this share of the bound; the codec keeps the rest.
ROUNDING_SHARE = 0.25
# Values of a piece of a block on which orders of dimensions are compared: 14 encodes of SZ3.
ORDER_VALUES = 1 << 17
# What comes within this of the smallest on pieces is tried on whole blocks.
NEAR = 1.05
# The same for differences between planes, of which slabs tell less.
NEAR_BY_SLABS = 1.35
# SPERR takes some 15 times as long as SZ3 (FACTS: 46 MB/s against 305, and more in the sandbox),
# ncx some 25 times, inr, which fits a network to each block, some 300 times, so they must save at
# least this share. Their time is also why they run on one whole block, not on all.
SLOW = {"sperr": 1.03, "ncx": 1.03, "inr": 1.03}


def coder_of(codec: str, settings: Settings) -> str:
    """The codec that takes the time: the one that another codes its logarithms or planes with."""
    return str(dict(settings).get("inner", codec))


def slowness(codec: str, settings: Settings) -> float:
    """How many times smaller a codec must be because of its time; 1 for most."""
    return SLOW.get(coder_of(codec, settings), 1.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a codec made of the sample blocks."""

    codec: str
    settings: Settings
    keepbits: int | None
    size_bytes: int
    raw_bytes: int
    seconds: float  # one encode and one decode of the blocks


@dataclass(frozen=True, slots=True)
class Race:
    """All trials; and which codecs refused, and why.

    First those on whole blocks, the smallest first; then those on parts. One is lossless.
    """

    trials: tuple[Trial, ...]
    refusals: tuple[str, ...]

    @property
    def best(self) -> Trial:
        """The smallest."""
        return self.trials[0]

    @property
    def raw_bytes(self) -> int:
        """The size of the sample blocks themselves."""
        return self.best.raw_bytes

    @property
    def on_whole_blocks(self) -> tuple[Trial, ...]:
        """The trials on all of the sample blocks, the smallest first."""
        return tuple(t for t in self.trials if t.raw_bytes == self.raw_bytes)

    @property
    def lossless_bytes(self) -> int:
        """What they become without any loss, from a part of them where that was enough."""
        found = next((t for t in self.trials if t.codec == "lossless"), self.best)
        return math.ceil(found.size_bytes * (self.raw_bytes / found.raw_bytes))

    @property
    def why_lossless(self) -> str:
        """Why lossless coding is the best."""
        if len(self.trials) == 1:
            return f"no codec can keep the bound on the samples ({'; '.join(self.refusals)})"
        return "nothing lossy makes the samples smaller within the bound"

    def in_words(self) -> str:
        """What each codec made of the samples, for a plan."""
        whole = self.on_whole_blocks
        parts = [t for t in self.trials if t.raw_bytes != self.raw_bytes]
        said = [f"on sample blocks: {_ratios(whole)}"]
        if parts:  # what is larger there than the others by far was not tried on all of them
            said.append(f"on parts of them: {_ratios(parts)}")
        if self.refusals:
            said.append(f"refused: {'; '.join(self.refusals)}")
        return "; ".join(said)


def _ratios(trials: Sequence[Trial]) -> str:
    parts = []
    for trial in trials:
        ratio = trial.raw_bytes / max(1, trial.size_bytes)
        name = codec_in_words(trial.codec, trial.settings)
        name = name if trial.keepbits is None else f"rounding then {name}"
        parts.append(f"{name} {ratio:.1f} x")
    return ", ".join(parts)


def race(
    blocks: Sequence[SampleBlock],
    codecs: Sequence[str],
    raw_bytes: int,
    exact: tuple[float, ...],
    fill: float,
    rounding: str | int,
    *,
    inner: Sequence[str] = (),
    given: Mapping[str, Settings] | None = None,
    lossless_may_win: bool = True,
) -> Race:
    """Encode the sample blocks with every codec, and losslessly.

    Where lossless coding may not win, something lossy does if any codec keeps the bound. `inner`
    are codecs that logarithms may be coded with, beside the one that `log` has by itself; `given`
    has the settings of codecs that the recipe gives them.

    A codec that refuses the blocks (a bound below their precision) is left out. A rounding before
    another codec is tried where `rounding` is auto, and always done where it is a number of bits.
    """
    fixed = rounding if isinstance(rounding, int) else None
    pieces = [b.piece() for b in blocks]
    trials: list[Trial] = []
    refusals: list[str] = []
    for codec in codecs:
        if codec == "delta":
            trials += _differences(blocks, pieces, fixed, exact, fill)
            continue
        try:
            settings = (given or {}).get(codec) or _settings_of(codec, blocks, raw_bytes)
            plain = _try(pieces, codec, settings, fixed, exact, fill)
        except (BoundError, CodecError) as error:
            refusals.append(f"{codec}: {error}")
            continue
        trials.append(plain)
        if codec == "log":
            trials += _with_inner(pieces, inner, fixed, exact, fill)
        if rounding == "auto" and codec != "rounding" and codec not in SLOW:
            trials += _rounded(pieces, plain, exact, fill)
    exactly = _try(pieces, "lossless", (), None, exact, fill)
    trials.sort(key=_weighed)
    competes = lossless_may_win or not trials
    trials = sorted([*trials, exactly], key=_weighed) if competes else [*trials, exactly]
    if all(p.raw_bytes == b.raw_bytes for p, b in zip(pieces, blocks, strict=True)) and all(
        t.codec != "delta" for t in trials
    ):
        return Race(tuple(trials), tuple(refusals))
    # Slabs may flatter differences: the smallest of the others runs against them on whole blocks.
    able = trials if competes else trials[:-1]
    smallest = min((_weighed(t) for t in able if t.codec != "delta"), default=math.inf)
    near = [t for t in able if _weighed(t) <= _nearness(t) * smallest]
    whole = _on_whole_blocks(blocks, near, exact, fill)
    return Race((*whole, *(t for t in trials if t not in near)), tuple(refusals))


def _with_inner(
    pieces: Sequence[SampleBlock],
    inner: Sequence[str],
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
) -> list[Trial]:
    found = []
    for name in inner:
        with contextlib.suppress(BoundError, CodecError):  # log by itself says why
            found.append(_try(pieces, "log", (("inner", name),), keepbits, exact, fill))
    return found


def _weighed(trial: Trial) -> float:
    return trial.size_bytes * slowness(trial.codec, trial.settings)


def _nearness(trial: Trial) -> float:
    return NEAR_BY_SLABS if trial.codec == "delta" else NEAR


def _differences(
    blocks: Sequence[SampleBlock],
    pieces: Sequence[SampleBlock],
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
) -> list[Trial]:
    """Differences along the best axis, sized as if they were those of the pieces; none if refused.

    They need planes, not cubes: what a plane and a difference take is measured on slabs.
    """
    raw = sum(b.raw_bytes for b in pieces)
    share = raw / sum(b.raw_bytes for b in blocks)
    found = []
    for axis in axes_of_planes(blocks[0].values.shape):
        settings = (("axis", axis),)
        started = time.perf_counter()
        try:
            sizes = [size_of_planes(b, settings, keepbits, exact, fill) for b in blocks]
        except (BoundError, CodecError):
            continue  # SZ3, which codes the planes, says why
        spent = time.perf_counter() - started
        found.append(Trial("delta", settings, keepbits, round(share * sum(sizes)), raw, spent))
    return sorted(found, key=lambda t: t.size_bytes)[:1]


def _on_whole_blocks(
    blocks: Sequence[SampleBlock], trials: Sequence[Trial], exact: tuple[float, ...], fill: float
) -> list[Trial]:
    """The same trials on all of the blocks, the smallest first; lossless where none can be had."""
    whole = []
    for trial in trials:
        # A part of a block can be within the range of a codec that the whole is not.
        with contextlib.suppress(BoundError, CodecError):
            if slowness(trial.codec, trial.settings) > 1:
                whole.append(_scaled(blocks, trial, exact, fill))
            else:
                whole.append(_try(blocks, trial.codec, trial.settings, trial.keepbits, exact, fill))
    if not whole:
        whole = [_try(blocks, "lossless", (), None, exact, fill)]
    return sorted(whole, key=_weighed)


def _scaled(
    blocks: Sequence[SampleBlock], trial: Trial, exact: tuple[float, ...], fill: float
) -> Trial:
    """A trial on pieces, scaled by what the first whole block takes beside its piece."""
    keepbits, settings = trial.keepbits, trial.settings
    first = _try(blocks[:1], trial.codec, settings, keepbits, exact, fill)
    part = _try([blocks[0].piece()], trial.codec, settings, keepbits, exact, fill)
    raw = sum(b.raw_bytes for b in blocks)
    size = trial.size_bytes * first.size_bytes / part.size_bytes
    return replace(
        trial,
        size_bytes=math.ceil(size),
        raw_bytes=raw,
        seconds=first.seconds * raw / first.raw_bytes,
    )


def _try(
    blocks: Sequence[SampleBlock],
    codec: str,
    settings: Settings,
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
) -> Trial:
    """Encode and decode blocks with one codec.

    Raises
    ------
    BoundError, CodecError
        If the codec refuses one of them.
    """
    started = time.perf_counter()
    size = 0
    for block in blocks:
        payload = payload_of(block, codec, settings, keepbits, exact, fill)
        decode_block(payload, block.values.shape, block.values.dtype)
        size += len(payload)
    raw = sum(b.values.nbytes for b in blocks)
    return Trial(codec, settings, keepbits, size, raw, time.perf_counter() - started)


def _settings_of(codec: str, blocks: Sequence[SampleBlock], raw_bytes: int) -> Settings:
    if codec not in ("sz3", "log", "ncx"):
        return ()
    largest = max(blocks, key=lambda b: np.count_nonzero(np.isfinite(b.values)))
    chosen = choose_settings(codec, piece(largest.values, ORDER_VALUES), largest.bound)
    if codec == "ncx":
        return (
            ("frames", getattr(chosen, "frames", "causal")),
            ("axis", getattr(chosen, "axis", 0)),
        )
    algorithms = "full" if raw_bytes <= FULL_RACE_BYTES else "sample"
    return (("order", getattr(chosen, "order", None)), ("race", algorithms))


def _rounded(
    blocks: Sequence[SampleBlock], plain: Trial, exact: tuple[float, ...], fill: float
) -> list[Trial]:
    """The same codec after a rounding that takes a quarter of the bound, if that is smaller."""
    keepbits = _keepbits_within(blocks, ROUNDING_SHARE)
    if keepbits is None:
        return []
    try:
        rounded = _try(blocks, plain.codec, plain.settings, keepbits, exact, fill)
    except (BoundError, CodecError):
        return []
    return [rounded] if rounded.size_bytes <= plain.size_bytes * (1 - WORTH_SHARE) else []


def _keepbits_within(blocks: Sequence[SampleBlock], share: float) -> int | None:
    """Mantissa bits whose rounding stays within a share of the tightest bound, on every value.

    None where the bound is not absolute, or all bits are needed.
    """
    bound = min((b.bound for b in blocks), key=lambda bound: bound.value)
    largest = max(
        float(np.abs(b.values).max(initial=0.0, where=np.isfinite(b.values))) for b in blocks
    )
    if bound.kind != "absolute" or not largest:
        return None
    dtype = blocks[0].values.dtype
    keepbits = keepbits_for(min(0.5, share * bound.value / largest), dtype)
    return None if keepbits >= np.finfo(dtype).nmant else keepbits
