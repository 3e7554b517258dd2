"""Codecs are found by name, and a wrong name says which are right."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from climcomp.codecs import Codec, codec_names, get_codec, missing_extra
from climcomp.codecs.base import load_library
from climcomp.codecs.sperr import Sperr
from climcomp.errors import CodecError, MissingExtraError

OURS = ("delta", "inr", "log", "lossless", "ncx", "rounding", "sperr", "sz3", "zfp")


def test_our_codecs_are_known() -> None:
    assert set(OURS) <= set(codec_names())


@pytest.mark.parametrize("name", OURS)
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


def test_a_missing_optional_library_names_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'climcomp\[some\]'$"):
        load_library("nothing_of_this_name", "nothing-of-this-name", "some")


def test_a_codec_knows_whether_its_optional_library_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert missing_extra("sperr") is None
    monkeypatch.setattr(Sperr, "module", "nothing_of_this_name")
    assert missing_extra("sperr") == "sperr"
    assert missing_extra("sz3") is None


def test_importing_codecs_imports_no_codec_library() -> None:
    script = (
        "import sys, climcomp.codecs, climcomp.frame\n"
        "names = climcomp.codecs.codec_names()\n"
        "[climcomp.codecs.missing_extra(name) for name in names]\n"
        "heavy = ('pysz', 'zfpy', 'pcodec', 'numba', 'dask', 'numcodecs_wasm_sperr')\n"
        "print([m for m in heavy if m in sys.modules])"
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
