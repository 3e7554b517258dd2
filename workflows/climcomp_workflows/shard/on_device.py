"""Blocks of a shard coded together on a device; what the device does not do, the CPU does.

Codec `ncx` makes the same bytes on both, so nothing but time depends on where a block was coded. A
network that is fitted to a block is another one on each device; the bound holds whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import Codec
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
    remarks
        What it did in another way than it set out to.
    """

    device: str
    coded: int = 0
    trouble: str = ""
    remarks: list[str] = field(default_factory=list)

    def __call__(self, jobs: Iterable[Job]) -> list[Outcome]:
        """The payloads of all jobs. Their values are held until the last of them is coded."""
        blocks = [_prepared(job) for job in jobs]
        bodies = self._bodies([b for b in blocks if isinstance(b, PreparedBlock)])
        return [
            _finished(block, bodies.get(id(block))) if isinstance(block, PreparedBlock) else block
            for block in blocks
        ]

    def _bodies(self, blocks: Sequence[PreparedBlock]) -> dict[int, Outcome]:
        """What the device made, by the identity of the block."""
        together: dict[tuple[Codec, ErrorBound | None], list[PreparedBlock]] = {}
        for block in blocks:
            body = block.body
            if hasattr(body.codec, "encode_together") and body.values is not None:
                together.setdefault((body.codec, body.bound), []).append(block)
        made: dict[int, Outcome] = {}
        for (codec, _), members in together.items():
            bodies = self._encoded([block.body for block in members], codec)
            if bodies:
                made.update(zip(map(id, members), bodies, strict=True))
        return made

    def _encoded(self, bodies: Sequence[Body], codec: Any) -> Sequence[Outcome]:
        """Bodies of one codec and bound as bytes; none where the CPU has to make them.

        `codec` is Any, for not every codec codes blocks together.
        """
        if self.trouble:
            return ()
        encode: Callable[..., Sequence[Outcome]] = codec.encode_together
        try:
            made = encode(bodies, self.device, self.remarks.append)
        except (BoundError, CodecError):
            return ()  # one of them is refused, and the CPU says which
        # A driver that fails, memory that runs out, kernels that do not compile: whatever it is,
        # the CPU does it, and the report says what happened.
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}"
            return ()
        if len(made) != len(bodies):
            self.trouble = f"{len(made)} payloads came back for {len(bodies)} blocks"
            return ()
        self.coded += sum(isinstance(one, bytes) for one in made)
        return made


def _prepared(job: Job) -> PreparedBlock | BoundError | CodecError:
    try:
        return prepare_block(*job)
    except (BoundError, CodecError) as error:
        return error


def _finished(block: PreparedBlock, body: Outcome | None) -> Outcome:
    if isinstance(body, BoundError | CodecError):
        return body
    try:
        return block.payload(block.body.coded() if body is None else body)
    except (BoundError, CodecError) as error:
        return error
