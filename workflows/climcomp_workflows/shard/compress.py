"""What a worker does with one shard: encode, read back, check, store."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from climcomp.archive import build_shard, check_epoch, read_shard, shard_key, shard_region
from climcomp.errors import BoundError, BoundNotKept, CodecError, PayloadError
from climcomp_metrics.base import State
from climcomp_metrics.field import Place, canonical
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.report.quantity import counted
from climcomp_metrics.shard_verdicts import shard_verdicts
from climcomp_workflows.cluster.devices import device_of_worker
from climcomp_workflows.context import RunContext, context_of
from climcomp_workflows.gate import failures, in_words
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.plan.neural import codes_on_device
from climcomp_workflows.shard.encode import encode_shard
from climcomp_workflows.shard.on_device import DeviceEncoder
from climcomp_workflows.shard.place import column_of, place_of, rung_bounds
from climcomp_workflows.shard.task import ShardResult, ShardTask
from climcomp_workflows.shard.values import as_read, read_original, same_bits


@dataclass(slots=True)
class _Shard:
    """One shard on a worker, from reading to storing; lives as long as its task."""

    task: ShardTask
    context: RunContext
    variable: VariablePlan
    region: tuple[slice, ...]
    place: Place | None  # None where nothing but the bits is checked
    seconds: dict[str, float] = field(default_factory=dict)
    fallbacks: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the time of what is inside to a part of the work."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started

    def fall_back(self, rung: int, why: str) -> None:
        """Have the report say why a rung's bytes were not made or kept as planned."""
        text = self.variable.ladder[rung].text
        self.fallbacks.append(f"{self.variable.name} shard {self.task.index}: {text}: {why}")

    def on_cpu(self, rung: int, why: str) -> None:
        """The same of a shard that a device was to code: the bytes are those of the CPU."""
        self.fall_back(rung, f"coded on the CPU: {why}")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The bytes that passed the shard criteria, and what they decode to for a reader."""

    rung: int
    data: bytes
    decoded: NDArray[Any]
    check: ShardCheck
    blocks: Counter[str]


def compress_shard(task: ShardTask) -> ShardResult:
    """Compress one shard, check what its bytes decode to, and put those bytes into the store.

    A rung whose bytes break a bound, a mask or any other shard criterion is left for the next one;
    the last one is lossless.

    Raises
    ------
    BoundNotKept
        If even the lossless rung gives other values than the source's.
    LeaseLostError
        If another run has taken the store over.
    StorageError
        If the store refuses the bytes.
    SourceError
        If the source cannot be read, or has changed.
    """
    context = context_of(task.run)
    variable = context.plan.variable(task.variable)
    source = context.source(variable)
    region = shard_region(variable.spec, task.index)
    place = None if variable.settings is None else place_of(variable, region)
    shard = _Shard(task, context, variable, region, place)
    if task.no_device:
        shard.on_cpu(task.rung, task.no_device)
    with shard.timed("read"):
        values, original, crc = read_original(variable, source, region)
    kept = _first_kept(shard, values, original)
    state = None
    if place is not None and not variable.ladder[task.rung].lossless:
        with shard.timed("measure"):
            state = measure_pair(variable, context, original, kept.decoded, place)
    key = shard_key(variable.spec, task.index)
    result = ShardResult(
        variable=variable.name,
        index=task.index,
        attempt=task.attempt,
        key=key,
        rung=kept.rung,
        size_bytes=len(kept.data),
        sha256=hashlib.sha256(kept.data).hexdigest(),
        source_crc32c=crc,
        check=kept.check.to_dict(),
        codecs=dict(kept.blocks),
        fallbacks=tuple(shard.fallbacks),
        seconds=shard.seconds,
        raw_bytes=values.nbytes,
    )
    with shard.timed("write"):
        source.check_region(variable.source_name, region)
        check_epoch(context.store, task.run.epoch)
        context.store.put(key, kept.data)
    del values, original, kept  # the sums need their memory: they are as large as fields
    if state is not None:  # only what is stored may count
        with context.lock:
            column = column_of(variable, task.index, task.attempt)
            context.accumulator.add(column, task.index, result.sha256, state)
    return result


def measure_pair(
    variable: VariablePlan,
    context: RunContext,
    original: NDArray[Any],
    decoded: NDArray[Any],
    place: Place,
) -> State:
    """The statistics of a shard, from its values before and after."""
    settings = variable.settings
    assert settings is not None
    return measure(
        canonical(original, settings.axes),
        canonical(decoded, settings.axes),
        settings,
        context.domain(variable),
        place,
    )


def _first_kept(shard: _Shard, values: NDArray[Any], original: NDArray[Any]) -> _Kept:
    """The bytes of the first rung that keeps every shard criterion."""
    variable, task = shard.variable, shard.task
    for number in range(task.rung, len(variable.ladder)):
        encoder = _device_encoder(shard, number)
        found = _tried(shard, number, values, original, encoder)
        if encoder is not None:
            for remark in encoder.remarks:
                shard.fall_back(number, remark)
            if encoder.trouble:
                shard.on_cpu(number, encoder.trouble)
            if isinstance(found, str) and encoder.coded:
                # What the CPU makes may be sound, and is what a run without a device has.
                shard.on_cpu(number, f"what the device made fails ({found})")
                found = _tried(shard, number, values, original, None)
        if isinstance(found, _Kept):
            return found
        shard.fall_back(number, f"BoundNotKept: {found}")
    raise BoundNotKept(
        f"no rung of the ladder kept the values of {variable.name} shard {task.index} "
        f"({shard_key(variable.spec, task.index)}): {' | '.join(shard.fallbacks)}. Nothing of this "
        f"variable is published; the source is untouched. Please report this."
    )


def _device_encoder(shard: _Shard, number: int) -> DeviceEncoder | None:
    """What codes the blocks of a rung on this worker's device; None: the CPU does."""
    if not (shard.task.on_device and codes_on_device(shard.variable.ladder[number])):
        return None
    device = device_of_worker()
    if device is None:
        shard.on_cpu(number, "its worker has no device")
        return None
    return DeviceEncoder(device)


def _tried(
    shard: _Shard,
    number: int,
    values: NDArray[Any],
    original: NDArray[Any],
    encoder: DeviceEncoder | None,
) -> _Kept | str:
    """The bytes of one rung, or what is wrong with them."""
    rung = shard.variable.ladder[number]
    try:
        data, stored, blocks = _there_and_back(shard, number, values, encoder)
    except (BoundError, CodecError, PayloadError) as error:
        return f"codec {rung.codec} failed: {error}"
    with shard.timed("check"):
        decoded, check, problem = _checked(shard, rung, values, original, stored)
    return problem or _Kept(number, data, decoded, check, blocks)


def _there_and_back(
    shard: _Shard, number: int, values: NDArray[Any], encoder: DeviceEncoder | None
) -> tuple[bytes, NDArray[Any], Counter[str]]:
    """The shard's bytes, what they decode to, and its blocks by the codec that they came to."""
    spec, index, rung = shard.variable.spec, shard.task.index, shard.variable.ladder[number]
    blocks: Counter[str] = Counter()
    failures: list[str] = []
    with shard.timed("encode" if encoder is None else "encode on a GPU"):
        if shard.place is None:
            data = build_shard(spec, index, values, None)
        else:
            data, blocks = encode_shard(
                shard.variable, rung, shard.place, index, values, encoder, failures.append
            )
    if failures:
        what = counted(len(failures), "block")
        shard.fall_back(number, f"{what} without a network of its own: {failures[0]}")
    with shard.timed("decode"):
        room = None
        if spec.shard is not None:
            room = shard.context.room_for_decoded(values.shape, values.dtype)
        stored = read_shard(spec, index, data, room)
    return data, stored, blocks


def _checked(
    shard: _Shard,
    rung: Rung,
    values: NDArray[Any],
    original: NDArray[Any],
    stored: NDArray[Any],
) -> tuple[NDArray[Any], ShardCheck, str]:
    """The values as their reader sees them, what was counted on them, and what is wrong, if any."""
    variable, settings = shard.variable, shard.variable.settings
    if rung.lossless:
        problem = "" if same_bits(values, stored) else "lossless encoding gave other bits back"
        return original, ShardCheck(values=values.size), problem
    assert settings is not None
    assert shard.place is not None
    decoded = as_read(variable, shard.context, stored)
    check = check_shard(
        canonical(original, settings.axes),
        canonical(decoded, settings.axes),
        settings,
        shard.place,
        rung_bounds(rung, settings.shape[1]),
    )
    verdicts = shard_verdicts(check, settings, variable.bound_source)
    return decoded, check, "; ".join(map(in_words, failures(verdicts, variable.enforced)))
