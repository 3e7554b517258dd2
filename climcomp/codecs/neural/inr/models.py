"""The kinds of network under one name, as bytes.

Format
------
u8: 0 latent grids of splines, 1 networks of Fourier features or of sines, 2 latent grids of
wavelets; then the page of `grids`, `waves` or `wavelets`.
"""

from __future__ import annotations

from collections.abc import Callable

from climcomp.codecs.neural.inr.grids import Grids, parse_grids
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.wavelets import Wavelets, parse_wavelets
from climcomp.codecs.neural.inr.waves import Waves, parse_waves
from climcomp.errors import PayloadError

Model = Grids | Waves | Wavelets
_KINDS = (Grids, Waves, Wavelets)
_PARSERS: tuple[Callable[[memoryview, Layout], Model], ...] = (
    parse_grids,
    parse_waves,
    parse_wavelets,
)


def pack_model(model: Model) -> bytes:
    """As in the format."""
    return bytes([_KINDS.index(type(model))]) + model.packed()


def parse_model(data: memoryview, layout: Layout) -> Model:
    """The network of some bytes, for a block of this layout.

    Raises
    ------
    PayloadError
        If they are not those of such a block.
    """
    if not len(data) or data[0] >= len(_PARSERS):
        raise PayloadError("a network of codec 'inr' is of a kind unknown to this version")
    return _PARSERS[data[0]](data[1:], layout)
