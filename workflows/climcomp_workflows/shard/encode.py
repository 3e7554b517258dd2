"""The bytes of a shard at one rung of its variable's ladder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import ArraySpec, build_shard, fill_value_of, padded_chunks
from climcomp.blocks import chunk_count
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, read_header
from climcomp_metrics.field import Place
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.portable import round_within
from climcomp_workflows.shard.on_device import DeviceEncoder
from climcomp_workflows.shard.place import of_shard
from climcomp_workflows.shard.smallest import encode_smallest, encodings
from climcomp_workflows.states import Index


def encode_shard(
    variable: VariablePlan,
    rung: Rung,
    place: Place,
    index: Index,
    values: NDArray[Any],
    on_device: DeviceEncoder | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[bytes, Counter[str]]:
    """The bytes of a shard at one rung, and how many blocks came to which codec.

    Levels that share a shard share its tightest bound: Zarr does not say which block is which.

    Parameters
    ----------
    on_device
        Codes all blocks together, before Zarr asks for the first of them. That takes the memory of
        the shard once more: for the chunks as copies of their own, or, where gaps are filled or
        values rounded, for what comes of them. Twice more where they have rivals, of which a part
        of each chunk is tried before. Fits of networks take some five times that of the shard, and
        15 times that of a chunk for each processor.
        None: each is coded by the CPU when Zarr asks for it; small blocks would be fitted up to
        twice as fast together, large ones not, and those are what takes time.
    tell
        As of `encode_smallest`.
    """
    bound = None
    if rung.bounds is not None:
        bound = min(of_shard(rung.bounds, place), key=lambda b: b.value)
    keepbits = None if rung.keepbits is None else max(of_shard(rung.keepbits, place))
    spec = variable.spec
    if spec.codec == "standard":
        if bound is not None:
            values = round_within(values, bound, variable.exact)
        count = chunk_count(values.shape, spec.chunk)
        return build_shard(spec, index, values, None), Counter({rung.codec: count})
    encoding = BlockEncoding(
        codec=get_codec(rung.codec, **dict(rung.settings)),
        bound=bound,
        keepbits=keepbits,
        exact=variable.exact,
        fill=float(fill_value_of(spec)),
    )
    ways = encodings(rung, encoding)
    blocks: Counter[str] = Counter()
    ahead = {} if on_device is None else _coded_ahead(spec, index, values, ways, on_device, tell)

    def encode(block: NDArray[Any]) -> bytes:
        payload = ahead.get(_digest(block)) if ahead else None
        if payload is None:
            (payload,) = encode_smallest([block], ways, tell=tell)
        blocks[read_header(payload).codec] += 1
        return payload

    return build_shard(spec, index, values, encode), blocks


def _coded_ahead(
    spec: ArraySpec,
    index: Index,
    values: NDArray[Any],
    ways: Sequence[BlockEncoding],
    on_device: DeviceEncoder,
    tell: Callable[[str], None],
) -> dict[bytes, bytes]:
    """Payloads of the chunks of a shard by the digest of their values.

    By their values, for it is Zarr that says in which order it wants them, and the payload of a
    block is sound whatever was coded beside it.
    """
    digests: list[bytes] = []

    def chunks() -> Iterator[NDArray[Any]]:
        for chunk in padded_chunks(spec, index, values):
            digests.append(_digest(chunk))
            yield chunk

    payloads = encode_smallest(chunks(), ways, on_device, tell)
    return dict(zip(digests, payloads, strict=True))


def _digest(block: NDArray[Any]) -> bytes:
    block = np.asarray(block, block.dtype.newbyteorder("="))  # Zarr hands on what the source had
    return hashlib.blake2b(block.data, digest_size=32).digest()
