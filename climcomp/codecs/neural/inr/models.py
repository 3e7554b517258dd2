"""The kinds of network under one name, as bytes.

Format
------
u8: 0 latent grids, 1 networks of Fourier features or of sines; then the page of `grids` or `waves`.
"""

from __future__ import annotations

from climcomp.codecs.neural.inr.grids import Grids, parse_grids
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.waves import Waves, parse_waves
from climcomp.errors import PayloadError

Model = Grids | Waves
_GRIDS, _WAVES = 0, 1


def pack_model(model: Model) -> bytes:
    """As in the format."""
    return bytes([_GRIDS if isinstance(model, Grids) else _WAVES]) + model.packed()


def parse_model(data: memoryview, layout: Layout) -> Model:
    """The network of some bytes, for a block of this layout.

    Raises
    ------
    PayloadError
        If they are not those of such a block.
    """
    if not len(data) or data[0] not in (_GRIDS, _WAVES):
        raise PayloadError("a network of codec 'inr' is of a kind unknown to this version")
    return (parse_grids if data[0] == _GRIDS else parse_waves)(data[1:], layout)
