"""The codecs of blocks, from SZ3 to lossless, and how to find others."""

from climcomp.codecs.base import Codec
from climcomp.codecs.choose import choose_settings
from climcomp.codecs.registry import codec_names, get_codec, missing_extra

__all__ = ["Codec", "choose_settings", "codec_names", "get_codec", "missing_extra"]
