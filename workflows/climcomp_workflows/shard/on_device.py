"""Blocks of a shard coded together on a device; what the device does not do, the CPU does.

Both make the same bytes, so nothing but time depends on where a block was coded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import BoundError, CodecError
from climcomp.prepare import Body, PreparedBlock, prepare_block
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
        together: dict[tuple[Ncx, float], list[PreparedBlock]] = {}
        for block in blocks:
            codec, bound = block.body.codec, block.body.bound
            if isinstance(codec, Ncx) and block.body.values is not None and bound is not None:
                together.setdefault((codec, bound.value), []).append(block)
        made: dict[int, bytes] = {}
        for (ncx, absolute), members in together.items():
            bodies = self._encoded([block.body for block in members], absolute, ncx)
            if bodies:
                made.update(zip(map(id, members), bodies, strict=True))
        return made

    def _encoded(self, bodies: Sequence[Body], bound: float, codec: Ncx) -> Sequence[bytes]:
        """Bodies of one codec and bound as bytes; none where the CPU has to make them."""
        if self.trouble:
            return ()
        try:
            # Here, for it brings torch: a worker without a device never imports that.
            from climcomp.codecs.neural.device import encode_blocks

            blocks = [body.values for body in bodies if body.values is not None]
            filled = [body.filled for body in bodies]
            made = encode_blocks(blocks, bound, codec, self.device, filled)
        except (BoundError, CodecError):
            return ()  # one of them is refused, and the CPU says which
        # A driver that fails, memory that runs out, kernels that do not compile: whatever it is,
        # the CPU makes the same bytes, and the report says what happened.
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
            return ()
        if len(made) != len(bodies):
            self.trouble = f"{len(made)} payloads came back for {len(bodies)} blocks"
            return ()
        self.coded += len(made)
        return made


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
