"""What a worker does with one shard: encode, read back, check, store. The only work Dask sees."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from climcomp.archive import (
    build_shard,
    check_epoch,
    fill_value_of,
    read_shard,
    shard_key,
    shard_region,
)
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import (
    ArchiveDamagedError,
    BoundError,
    BoundNotKept,
    CodecError,
    PayloadError,
)
from climcomp.frame import BlockEncoding, encode_block, read_header
from climcomp.source import Source, SourceVariable, decode
from climcomp_metrics.field import Place, canonical
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.shard_verdicts import shard_verdicts
from climcomp_workflows.context import RunContext, RunKey, context_of
from climcomp_workflows.gate import in_words
from climcomp_workflows.memory import give_back
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.portable import round_within
from climcomp_workflows.states import Column, Index

CHECKSUM_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard of one variable, and the rung to begin with."""

    run: RunKey
    variable: str
    index: Index
    attempt: int
    rung: int


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What became of a shard; small, for it travels to the client and into the journal."""

    variable: str
    index: Index
    attempt: int
    key: str
    rung: int
    size_bytes: int
    sha256: str
    source_crc32c: int
    check: dict[str, Any]  # what climcomp_metrics.physical counted on these bytes
    codecs: dict[str, int] = field(default_factory=dict)  # blocks by the codec that they came to
    fallbacks: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    raw_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The result as a journal record."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ShardResult:
        """The result that a journal record holds."""
        known = {name: data[name] for name in cls.__slots__}
        known["index"] = tuple(known["index"])
        known["fallbacks"] = tuple(known["fallbacks"])
        return cls(**known)


def column_of(variable: VariablePlan, index: Index, attempt: int) -> Column:
    """The column that a shard belongs to: the shards of the same levels."""
    assert variable.settings is not None
    return Column(
        variable.name, attempt, tuple(index[axis] for axis in variable.settings.axes.level)
    )


def place_of(variable: VariablePlan, region: tuple[slice, ...]) -> Place:
    """Where a shard sits in the canonical layout (time, level, y, x) of its variable."""
    settings = variable.settings
    assert settings is not None
    axes = settings.axes
    full = variable.spec.shape

    def start(axis: int | None) -> int:
        return 0 if axis is None else int(region[axis].start)

    def length(axis: int | None) -> int:
        return 1 if axis is None else int(region[axis].stop - region[axis].start)

    level = 0
    for axis in axes.level:  # levels of several dimensions count in C order
        level = level * full[axis] + start(axis)
    x = axes.x if axes.cell is None else axes.cell
    return Place(
        variable=variable.name,
        start=(start(axes.time), level, start(axes.y), start(x)),
        shape=(
            length(axes.time),
            math.prod(length(axis) for axis in axes.level),
            length(axes.y),
            length(x),
        ),
        names=(
            _name(variable, axes.time),
            " x ".join(variable.spec.dims[axis] for axis in axes.level),
            _name(variable, axes.y),
            _name(variable, x),
        ),
    )


def _name(variable: VariablePlan, axis: int | None) -> str:
    return "" if axis is None else variable.spec.dims[axis]


def rung_bounds(rung: Rung, levels: int) -> tuple[ErrorBound | None, ...]:
    """The bound of a rung on every level of its variable; None where it is lossless."""
    if rung.bounds is None:
        return (None,) * levels
    return rung.bounds * levels if len(rung.bounds) == 1 else rung.bounds


def _of_shard(values: tuple[Any, ...], place: Place) -> tuple[Any, ...]:
    if len(values) == 1:
        return values
    return values[place.start[1] : place.start[1] + place.shape[1]]


def encode_shard(
    variable: VariablePlan, rung: Rung, place: Place, index: Index, values: NDArray[Any]
) -> tuple[bytes, Counter[str]]:
    """The bytes of a shard at one rung, and how many blocks came to which codec.

    Levels that share a shard share its tightest bound: Zarr does not say which block is which.
    """
    bound = None
    if rung.bounds is not None:
        bound = min(_of_shard(rung.bounds, place), key=lambda b: b.value)
    keepbits = None if rung.keepbits is None else max(_of_shard(rung.keepbits, place))
    spec = variable.spec
    if spec.codec == "standard":
        if bound is not None:
            values = round_within(values, bound, variable.exact)
        return build_shard(spec, index, values, None), Counter()
    encoding = BlockEncoding(
        codec=get_codec(rung.codec, **dict(rung.settings)),
        bound=bound,
        keepbits=keepbits,
        exact=variable.exact,
        fill=float(fill_value_of(spec)),
    )
    blocks: Counter[str] = Counter()

    def encode(block: NDArray[Any]) -> bytes:
        payload = encode_block(block, encoding)
        blocks[read_header(payload).codec] += 1
        return payload

    return build_shard(spec, index, values, encode), blocks


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two arrays are the same to the last bit: -0.0 is not 0.0, a NaN has its payload."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.hasobject or a.dtype.kind == "T":
        return bool(np.array_equal(a, b))
    return bool(
        np.array_equal(
            np.ascontiguousarray(a).view(np.uint8).reshape(-1),
            np.ascontiguousarray(b).view(np.uint8).reshape(-1),
        )
    )


def as_read(variable: VariablePlan, context: RunContext, stored: NDArray[Any]) -> NDArray[Any]:
    """Stored values as a reader of the archive sees them: fills are NaN."""
    if variable.decoded:
        return stored
    return decoded_values(context.source(variable).variables[variable.source_name], stored)


def decoded_values(variable: SourceVariable, stored: NDArray[Any]) -> NDArray[Any]:
    """Values as the source's user sees them, without a copy where they are stored like that."""
    marks = [fill for fill in variable.fill_values if not np.isnan(fill)]
    if variable.packing is None and variable.dtype.kind == "f" and not marks:
        return stored
    return decode(variable, stored)


def source_checksum(raw: NDArray[Any]) -> int:
    """CRC-32C of C-contiguous values as the source stores them."""
    if not raw.size:
        return 0
    if raw.dtype.hasobject:
        raw = np.frombuffer("\0".join(map(str, raw.ravel())).encode(), np.uint8)
    view = raw.reshape(-1).view(np.uint8).data
    crc = 0
    for start in range(0, len(view), CHECKSUM_PIECE):  # the library takes bytes only: small copies
        crc = google_crc32c.extend(crc, bytes(view[start : start + CHECKSUM_PIECE]))
    return int(crc)


def read_original(
    variable: VariablePlan, source: Source, region: tuple[slice, ...]
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Values to store, values as the source's user reads them, and the CRC of the source's."""
    raw = np.asarray(source.read(variable.source_name, region), order="C")
    crc = source_checksum(raw)
    decoded = decoded_values(source.variables[variable.source_name], raw)
    return (decoded if variable.decoded else raw), decoded, crc


def _all_lossless(variable: VariablePlan, task: ShardTask) -> bool:
    """True where the whole attempt is lossless, so that there is nothing to measure."""
    return variable.ladder[task.rung].lossless


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
        If the source cannot be read.
    """
    context = context_of(task.run)
    variable = context.plan.variable(task.variable)
    spec = variable.spec
    region = shard_region(spec, task.index)
    clock = time.perf_counter
    seconds: dict[str, float] = {}

    started = clock()
    values, original, crc = read_original(variable, context.source(variable), region)
    seconds["read"] = clock() - started
    fallbacks: list[str] = []
    blocks: Counter[str] = Counter()

    place = None if variable.settings is None else place_of(variable, region)
    for number in range(task.rung, len(variable.ladder)):
        rung = variable.ladder[number]
        problem = ""
        check = ShardCheck(values=values.size)
        decoded: NDArray[Any] = original
        started = clock()
        try:
            if place is None:
                data = build_shard(spec, task.index, values, None)
            else:
                data, blocks = encode_shard(variable, rung, place, task.index, values)
            seconds["encode"] = seconds.get("encode", 0.0) + clock() - started
            give_back()
            started = clock()
            stored = read_shard(spec, task.index, data)
            seconds["decode"] = seconds.get("decode", 0.0) + clock() - started
            give_back()
        except (BoundError, CodecError, PayloadError) as error:
            problem = f"codec {rung.codec} failed: {error}"
        if not problem:
            started = clock()
            if rung.lossless:
                if not same_bits(values, stored):
                    problem = "lossless encoding gave other bits back"
            else:
                assert variable.settings is not None
                assert place is not None
                decoded = as_read(variable, context, stored)
                check = check_shard(
                    canonical(original, variable.settings.axes),
                    canonical(decoded, variable.settings.axes),
                    variable.settings,
                    place,
                    rung_bounds(rung, variable.settings.shape[1]),
                )
                verdicts = shard_verdicts(check, variable.settings, variable.bound_source)
                problem = "; ".join(in_words(v) for v in verdicts if v.outcome == "fail")
            seconds["check"] = seconds.get("check", 0.0) + clock() - started
        if not problem:
            break
        fallbacks.append(
            f"{variable.name} shard {task.index}: {rung.text}: BoundNotKept: {problem}"
        )
    else:
        raise BoundNotKept(
            f"no rung of the ladder kept the values of {variable.name} shard {task.index} "
            f"({spec.path}/{shard_key(spec, task.index)}): "
            + " | ".join(fallbacks)
            + ". Nothing of "
            "this variable is published; the source is untouched. Please report this."
        )

    state = None
    if variable.settings is not None and place is not None and not _all_lossless(variable, task):
        started = clock()
        state = measure(
            canonical(original, variable.settings.axes),
            canonical(decoded, variable.settings.axes),
            variable.settings,
            context.weights(variable),
            place,
        )
        seconds["measure"] = clock() - started

    key = shard_key(spec, task.index)
    sha256 = hashlib.sha256(data).hexdigest()
    started = clock()
    context.source(variable).check_region(variable.source_name, region)
    check_epoch(context.store, task.run.epoch)
    context.store.put(key, data)
    seconds["write"] = clock() - started
    raw_bytes = values.nbytes
    del values, original, decoded, stored  # the sums need their memory: they are as large as fields
    if state is not None:  # only what is stored may count
        with context.lock:
            column = column_of(variable, task.index, task.attempt)
            context.accumulator.add(column, task.index, sha256, state)
    return ShardResult(
        variable=variable.name,
        index=task.index,
        attempt=task.attempt,
        key=key,
        rung=number,
        size_bytes=len(data),
        sha256=sha256,
        source_crc32c=crc,
        check=check.to_dict(),
        codecs=dict(blocks),
        fallbacks=tuple(fallbacks),
        seconds=seconds,
        raw_bytes=raw_bytes,
    )


def measure_again(task: ShardTask) -> Index:
    """Add a stored shard to the statistics: from the source, and from the bytes in the store.

    Raises
    ------
    ArchiveDamagedError
        If the stored bytes are gone or do not decode.
    LeaseLostError
        If another run has taken the store over.
    SourceError
        If the source cannot be read, or has changed.
    """
    context = context_of(task.run)
    variable = context.plan.variable(task.variable)
    assert variable.settings is not None
    spec = variable.spec
    region = shard_region(spec, task.index)
    _, original, _ = read_original(variable, context.source(variable), region)
    key = shard_key(spec, task.index)
    try:
        data = context.store.get(key)
    except FileNotFoundError as err:
        raise ArchiveDamagedError(
            f"{key} was stored and is gone from {context.store.root}: somebody removed it. Nothing "
            f"is published. Run again: the shard is compressed anew."
        ) from err
    stored = read_shard(spec, task.index, data)
    decoded = as_read(variable, context, stored)
    state = measure(
        canonical(original, variable.settings.axes),
        canonical(decoded, variable.settings.axes),
        variable.settings,
        context.weights(variable),
        place_of(variable, region),
    )
    context.source(variable).check_region(variable.source_name, region)
    check_epoch(context.store, task.run.epoch)
    with context.lock:
        column = column_of(variable, task.index, task.attempt)
        context.accumulator.add(column, task.index, hashlib.sha256(data).hexdigest(), state)
    return task.index
