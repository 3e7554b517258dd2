"""Blocks of a shard coded together on a device; what the device does not do, the CPU does.

Both make the same bytes, so nothing but time depends on where a block was coded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import BoundError, CodecError
from climcomp.prepare import PreparedBlock, prepare_block
from climcomp_workflows.shard.smallest import Job, Outcome


@dataclass(slots=True)
class DeviceEncoder:
    """Lives as long as one shard is encoded at one rung.

    Parameters
    ----------
    device
        As torch names it.
    coded
        How many bodies the device has made.
    trouble
        What it did not do; from then on the CPU codes.
    """

    device: str
    coded: int = 0
    trouble: str = ""

    def __call__(self, jobs: Iterable[Job]) -> list[Outcome]:
        """The payloads of all jobs. Their values are held until the last of them is coded."""
        blocks = [_prepared(job) for job in jobs]
        bodies = self._bodies([b for b in blocks if isinstance(b, PreparedBlock)])
        return [
            _finished(block, bodies.get(id(block))) if isinstance(block, PreparedBlock) else block
            for block in blocks
        ]

    def _bodies(self, blocks: Sequence[PreparedBlock]) -> dict[int, bytes]:
        """What the device made, by the identity of the block."""
        together: dict[tuple[Ncx, float], list[tuple[int, NDArray[np.floating]]]] = {}
        for block in blocks:
            body = block.body
            if isinstance(body.codec, Ncx) and body.values is not None and body.bound is not None:
                key = body.codec, body.bound.value
                together.setdefault(key, []).append((id(block), body.values))
        made: dict[int, bytes] = {}
        for (codec, bound), members in together.items():
            bodies = self._encoded([values for _, values in members], bound, codec)
            if bodies:
                made.update(zip((identity for identity, _ in members), bodies, strict=True))
        return made

    def _encoded(
        self, blocks: Sequence[NDArray[np.floating]], bound: float, codec: Ncx
    ) -> Sequence[bytes]:
        """The bodies of blocks of one codec and bound; none where the CPU has to make them."""
        if self.trouble:
            return ()
        try:
            # Here, for it brings torch: a worker without a device never imports that.
            from climcomp.codecs.neural.device import encode_blocks

            bodies = encode_blocks(blocks, bound, codec, self.device)
        except (BoundError, CodecError):
            return ()  # one of them is refused, and the CPU says which
        # A driver that fails, memory that runs out, kernels that do not compile: whatever it is,
        # the CPU makes the same bytes, and the report says what happened.
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
            return ()
        if len(bodies) != len(blocks):
            self.trouble = f"{len(bodies)} payloads came back for {len(blocks)} blocks"
            return ()
        self.coded += len(bodies)
        return bodies


def _prepared(job: Job) -> PreparedBlock | BoundError | CodecError:
    try:
        return prepare_block(*job)
    except (BoundError, CodecError) as error:
        return error


def _finished(block: PreparedBlock, body: bytes | None) -> Outcome:
    try:
        return block.payload(block.body.coded() if body is None else body)
    except (BoundError, CodecError) as error:
        return error
