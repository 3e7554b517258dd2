"""Codecs are found by name, and a wrong name says which are right."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from climcomp.codecs import Codec, codec_names, get_codec
from climcomp.codecs.base import load_library
from climcomp.errors import CodecError, MissingExtraError


def test_our_codecs_are_known() -> None:
    assert {"log", "lossless", "rounding", "sz3", "zfp"} <= set(codec_names())


@pytest.mark.parametrize("name", ["log", "lossless", "rounding", "sz3", "zfp"])
def test_a_codec_knows_its_own_name(name: str) -> None:
    codec = get_codec(name)
    assert codec.name == name
    assert isinstance(codec, Codec)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(CodecError, match=r"known: .*sz3.*Did you mean 'sz3'"):
        get_codec("sz33")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(CodecError, match="speed"):
        get_codec("sz3", speed="fast")


@pytest.mark.parametrize(
    "settings", [{"algorithm": "best"}, {"race": "none"}, {"order": (0, 2)}, {"order": (0, 0)}]
)
def test_a_wrong_setting_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(CodecError):
        get_codec("sz3", **settings)


def test_an_order_read_from_json_is_the_same_codec() -> None:
    assert get_codec("sz3", order=[1, 0]) == get_codec("sz3", order=(1, 0))


def test_a_missing_library_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match="pip install nothing-of-this-name"):
        load_library("nothing_of_this_name", "nothing-of-this-name")


def test_importing_codecs_imports_no_codec_library() -> None:
    script = (
        "import sys, climcomp.codecs, climcomp.frame\n"
        "print([m for m in ('pysz', 'zfpy', 'pcodec', 'numba', 'dask') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert done.stdout.strip() == "[]"


def test_an_order_for_another_block_is_refused() -> None:
    from climcomp.bounds import ErrorBound

    with pytest.raises(CodecError, match="2 axes"):
        get_codec("sz3", order=(1, 0)).encode(np.zeros((2, 2, 2)), ErrorBound("absolute", 1.0))
