"""Claims about `climcomp doctor`: what is broken is found, named and told how to mend."""

from __future__ import annotations

import json

import numpy as np
import pytest

from climcomp_workflows import doctor
from climcomp_workflows.cli import main

# With climcomp on the path but not installed, zarr cannot know its codec.
_NEEDS_INSTALLING = {"climcomp", "zarr's climcomp.block"}


CODECS = ("delta", "log", "lossless", "ncx", "rounding", "sperr", "sz3", "zfp")


def broken() -> set[str]:
    return {found.what for found in doctor.examine() if found.state == "BROKEN"}


def test_nothing_is_broken_here() -> None:
    assert broken() <= _NEEDS_INSTALLING


def test_every_codec_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == (0 if document["ok"] else 1)
    names = {finding["what"] for finding in document["findings"]}
    assert {f"codec {name}" for name in CODECS} <= names
    assert {"Python", "numpy", "GPU", "local cluster", "temporary"} <= names


def test_an_optional_codec_that_is_not_installed_is_not_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from climcomp.codecs.sperr import Sperr

    version = doctor._version
    monkeypatch.setattr(Sperr, "module", "no_such_module_at_all")
    monkeypatch.setattr(doctor, "_version", lambda name: "" if "sperr" in name else version(name))
    found = {finding.what: finding for finding in doctor.examine()}
    assert "codec sperr" not in found
    assert found["numcodecs-wasm-sperr"].state == "ok"
    assert "pip install 'climcomp[sperr]'" in found["numcodecs-wasm-sperr"].detail


def test_a_codec_that_lies_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from climcomp import frame

    honest = frame.decode_block

    def lying(*arguments: object) -> np.ndarray:
        return honest(*arguments) + np.float32(1)  # type: ignore[arg-type]

    monkeypatch.setattr("climcomp.frame.decode_block", lying)
    assert {f"codec {name}" for name in CODECS} <= broken()
    assert main(["doctor"]) == 1
    assert "the error bound was not kept" in capsys.readouterr().out


def test_a_library_that_does_not_import_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(doctor._LIBRARIES, "lost-library", "no_such_module_at_all")
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "lost-library" in said
    assert "pip install" in said


def test_what_fails_unexpectedly_does_not_hide_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise OSError("no temporary folder")

    monkeypatch.setattr("tempfile.gettempdir", failing)
    found = {finding.what: finding.state for finding in doctor.examine()}
    assert found["disk"] == "BROKEN"
    assert found["GPU"] == "ok"
