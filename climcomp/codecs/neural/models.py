"""The networks that are shipped, and those that an archive brings."""

from __future__ import annotations

from functools import cache
from importlib import resources

from climcomp.codecs.neural.network import Network, parse_network
from climcomp.errors import CodecError, PayloadError

FOUNDATION = "foundation.ncx"
_known: dict[bytes, Network] = {}


@cache
def foundation() -> Network:
    """The network that is shipped with climcomp.

    Raises
    ------
    CodecError
        If its file is not there, or damaged.
    """
    file = resources.files("climcomp.codecs.neural") / "models" / FOUNDATION
    try:
        return parse_network(file.read_bytes())
    except OSError as error:
        raise CodecError(
            f"the model {FOUNDATION} of codec 'ncx' is not there ({error}): blocks made with it "
            "cannot be coded; reinstall climcomp"
        ) from error
    except PayloadError as error:
        raise CodecError(f"the model {FOUNDATION}: {error}; reinstall climcomp") from error


def learn(network: Network) -> None:
    """Know a network by its hash from now on."""
    _known[network.hash] = network


def network_of(name: bytes) -> Network:
    """The network of a hash.

    Raises
    ------
    PayloadError
        If it is neither shipped nor learned.
    """
    shipped = foundation()
    if name == shipped.hash:
        return shipped
    if name not in _known:
        raise PayloadError(
            f"a block was made with the model {name.hex()} of codec 'ncx', which is not here; this "
            f"climcomp brings {shipped.hash.hex()}, and an archive keeps its own models in its "
            "folder climcomp/models"
        )
    return _known[name]
