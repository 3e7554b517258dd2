"""The one Zarr v3 codec of climcomp: an array-to-bytes codec whose payloads describe themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from zarr.abc.codec import ArrayBytesCodec

from climcomp.codecs.lossless import Lossless
from climcomp.errors import CodecError, PayloadError
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp.header import FRAME_VERSION

if TYPE_CHECKING:
    from typing import Self

    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

NAME = "climcomp.block"

Encoder = Callable[[NDArray[Any]], bytes]


@dataclass(frozen=True)
class BlockCodec(ArrayBytesCodec):
    """Zarr's codec `climcomp.block`: any inner chunk may be coded by any codec of climcomp.

    Parameters
    ----------
    encoder
        Makes the payload of an inner chunk. It lives at run time only and is never stored; None
        encodes losslessly.
    models
        Networks of codec `ncx` that blocks of the array were made with, beside those that come
        with climcomp: their files in base64. Any reader of the array knows them.
    """

    encoder: Encoder | None = field(default=None, compare=False)
    models: tuple[str, ...] = ()

    is_fixed_size = False

    def __post_init__(self) -> None:
        if self.models:
            from climcomp.codecs.neural.models import learn_file

            for model in self.models:
                learn_file(model)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The codec as an array's metadata name it.

        Raises
        ------
        CodecError
            If the metadata are of another codec or of a newer frame, or a model is damaged.
        """
        configuration = data.get("configuration") or {}
        frame = configuration.get("frame", FRAME_VERSION)
        if data.get("name") != NAME or frame != FRAME_VERSION:
            raise CodecError(
                f"codec metadata {data!r} are not {NAME!r} with frame {FRAME_VERSION}: "
                f"update climcomp to read a newer frame"
            )
        models = configuration.get("models", [])
        if not isinstance(models, list):
            raise CodecError(
                f"the metadata of an array name the models {models!r}; wanted a list of texts. "
                "Restore its zarr.json from a copy, or make the archive again"
            )
        return cls(models=tuple(models))

    def to_dict(self) -> dict[str, Any]:
        """The codec as an array's metadata store it."""
        models = {"models": list(self.models)} if self.models else {}
        return {"name": NAME, "configuration": {"frame": FRAME_VERSION, **models}}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        """Refuse arrays that are neither float32 nor float64 (`dtype` is one of Zarr's types).

        Raises
        ------
        CodecError
            Naming the type and what to use for it.
        """
        native: np.dtype[Any] = dtype.to_native_dtype()
        if native.kind != "f" or native.itemsize not in (4, 8):
            raise CodecError(
                f"{NAME!r} takes float32 and float64 arrays, not {native}; store these with "
                f"Zarr's own codecs (bytes, blosc)"
            )

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Not known before encoding: payloads have any size."""
        raise NotImplementedError

    # Encoding and decoding are CPU work that mostly holds the GIL: a thread would gain nothing, so
    # both are done where they are called. Zarr 3.2 and later call the _sync methods themselves.
    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        values = chunk_data.as_numpy_array()
        if self.encoder is not None:
            payload = self.encoder(values)
        else:
            fill = float(np.asarray(chunk_spec.fill_value).astype(np.float64))
            payload = encode_block(values, BlockEncoding(Lossless(), fill=fill))
        return chunk_spec.prototype.buffer.from_bytes(payload)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        dtype = chunk_spec.dtype.to_native_dtype()
        if dtype.kind != "f":
            raise PayloadError(f"{NAME!r} holds floats, the array's type is {dtype}")
        values = decode_block(chunk_data.as_numpy_array().data, chunk_spec.shape, dtype)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(
            values if dtype.isnative else values.astype(dtype)
        )

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return self._encode_sync(chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return self._decode_sync(chunk_data, chunk_spec)
