"""Find codecs by name: ours in a table, others by the entry points `climcomp.codecs`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from climcomp.codecs.base import Codec
from climcomp.errors import CodecError

GROUP = "climcomp.codecs"

_CODECS = {
    "delta": "climcomp.codecs.delta:Delta",
    "inr": "climcomp.codecs.neural.inr.codec:Inr",
    "log": "climcomp.codecs.log:Log",
    "lossless": "climcomp.codecs.lossless:Lossless",
    "ncx": "climcomp.codecs.neural.ncx:Ncx",
    "preview": "climcomp.codecs.neural.inr.preview_codec:Preview",
    "rounding": "climcomp.codecs.bit_rounding:Rounding",
    "sperr": "climcomp.codecs.sperr:Sperr",
    "sz3": "climcomp.codecs.sz3:Sz3",
    "zfp": "climcomp.codecs.zfp:Zfp",
}


@cache
def _known() -> dict[str, str]:
    """Name -> "module:Class"; a plug-in never replaces a codec of ours."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | _CODECS


def codec_names() -> tuple[str, ...]:
    """The names of all codecs, sorted."""
    return tuple(sorted(_known()))


@cache
def codec_class(name: str) -> type[Codec]:
    """The class of a codec.

    Raises
    ------
    CodecError
        If no codec has this name, or it cannot be imported.
    """
    known = _known()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise CodecError(
            f"no codec is named {name!r}; known: {', '.join(codec_names())}.{hint} "
            f"A package adds its own by the entry-point group {GROUP!r}"
        )
    module, _, attribute = known[name].partition(":")
    try:
        found: type[Codec] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as err:
        raise CodecError(
            f"codec {name!r} cannot be loaded from {known[name]!r}: {err}; "
            f"install or repair the package that brings it"
        ) from err
    return found


def missing_extra(name: str, **settings: Any) -> str | None:
    """The extra of climcomp that a codec wants and that is not installed; None if it has all.

    Looks for the library without importing it.

    Parameters
    ----------
    settings
        With which blocks are to be encoded; some codecs do without the library then.

    Raises
    ------
    CodecError
        If no codec has this name or takes these settings, or it cannot be imported.
    """
    found = codec_class(name)
    module, extra = getattr(found, "module", None), getattr(found, "extra", None)
    if module is None or extra is None or importlib.util.find_spec(module) is not None:
        return None
    if settings and not getattr(get_codec(name, **settings), "needs_module", True):
        return None
    return str(extra)


def codes_together(name: str, **settings: Any) -> bool:
    """Whether a device of torch helps a codec: it codes blocks there, and these settings use it.

    Raises
    ------
    CodecError
        If no codec has this name or takes these settings, or it cannot be imported.
    """
    if not hasattr(codec_class(name), "encode_together"):
        return False
    return bool(getattr(get_codec(name, **settings), "needs_module", True))


def get_codec(name: str, **settings: Any) -> Codec:
    """A codec with these settings.

    Parameters
    ----------
    settings
        The fields of the codec's dataclass; unnamed ones keep their defaults.

    Raises
    ------
    CodecError
        If there is no such codec or no such setting.
    """
    found = codec_class(name)
    try:
        return found(**settings)
    except TypeError as err:
        raise CodecError(f"codec {name!r} does not take these settings: {err}") from err
