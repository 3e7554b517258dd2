"""The networks that are shipped, and others that a program knows.

The folder `models` has every network that a released version coded with, by its hash: archives name
it, and are read for ever.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources

from climcomp.codecs.neural.network import Network, parse_network
from climcomp.errors import CodecError, PayloadError

FOUNDATION = "31b189ef98196237"
"""The hash of the network that blocks are coded with."""
_known: dict[str, Network] = {}


def foundation() -> Network:
    """The network that is shipped.

    Raises
    ------
    CodecError
        If its file is not there, or damaged.
    """
    return network_named(FOUNDATION)


def network_named(name: str) -> Network:
    """The network of a hash in hexadecimal, to code with.

    Raises
    ------
    CodecError
        If it is neither shipped nor learned, or its file is damaged.
    """
    found = _known.get(name) or _shipped(name)
    if found is None:
        raise CodecError(
            f"the model {name} of codec 'ncx' is not there: no block can be coded with it; "
            "reinstall climcomp, or leave its network out"
        )
    return found


def learn(network: Network) -> None:
    """Know a network by its hash from now on."""
    _known[network.hash.hex()] = network


def file_text(network: Network) -> str:
    """The file of a network as text, for `learn_file`."""
    return base64.b64encode(network.file).decode("ascii")


def learn_file(text: str) -> None:
    """Know the network of a file in base64.

    Raises
    ------
    CodecError
        If it is none.
    """
    try:
        learn(parse_network(base64.b64decode(text, validate=True)))
    except (ValueError, TypeError, PayloadError) as error:
        raise CodecError(
            f"a model of codec 'ncx' in the metadata of an array is damaged: {error}. Restore its "
            "zarr.json from a copy, or make the archive again"
        ) from error


def network_of(name: bytes) -> Network:
    """The network of a hash.

    Raises
    ------
    PayloadError
        If it is neither shipped nor learned.
    CodecError
        If its file is damaged.
    """
    found = _known.get(name.hex()) or _shipped(name.hex())
    if found is None:
        raise PayloadError(
            f"a block was made with the model {name.hex()} of codec 'ncx', which is not here: "
            "install the climcomp that wrote the archive, or a newer one"
        )
    return found


@cache
def _shipped(name: str) -> Network | None:
    """The network of a file; None where there is none."""
    file = resources.files("climcomp.codecs.neural") / "models" / f"{name}.ncx"
    try:
        network = parse_network(file.read_bytes())
    except OSError:
        return None
    except PayloadError as error:
        raise CodecError(f"the model {name}.ncx: {error}; reinstall climcomp") from error
    if network.hash.hex() != name:
        raise CodecError(
            f"the model {name}.ncx of codec 'ncx' has the hash {network.hash.hex()}: it is "
            "damaged; reinstall climcomp"
        )
    return network
