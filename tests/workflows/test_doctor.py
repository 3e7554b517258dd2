"""Claims about `climcomp doctor`: what is broken is found, named and told how to mend."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.ncx import Ncx
from climcomp_workflows import doctor
from climcomp_workflows.cli import main
from climcomp_workflows.cluster import devices

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


def gpu() -> doctor.Finding:
    return next(found for found in doctor.examine() if found.what == "GPU")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Two devices that torch names, and the CPU that stands in for the first."""
    import torch

    def encode_blocks(
        blocks: list[np.ndarray], bound: float, codec: Ncx, device: str
    ) -> list[bytes]:
        return [codec.encode(block, ErrorBound("absolute", bound)) for block in blocks]

    module = ModuleType("climcomp.codecs.neural.device")
    module.encode_blocks = encode_blocks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(devices, "driver_devices", lambda: 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: f"Device {number}")
    return module


def test_a_device_is_tried_with_a_block_of_ncx(stand_in: ModuleType) -> None:
    found = gpu()
    assert found.state == "ok"
    assert found.detail.startswith("Device 0, Device 1 (torch ")
    assert found.detail.endswith("ncx codes there, the bytes are those of the CPU")


def test_a_device_that_fails_is_said_with_what_to_do(stand_in: ModuleType) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available")

    stand_in.encode_blocks = fail  # type: ignore[attr-defined]
    found = gpu()
    assert found.state == "note"
    assert "ncx does not code there: RuntimeError: CUDA error: no kernel image" in found.detail
    assert "cluster: {gpu: none}" in found.advice


def test_a_device_that_makes_other_bytes_is_broken(stand_in: ModuleType) -> None:
    stand_in.encode_blocks = lambda *_: [b"other"]  # type: ignore[attr-defined]
    found = gpu()
    assert found.state == "BROKEN"
    assert "ncx makes other bytes there" in found.detail


def test_without_a_device_ncx_codes_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "driver_devices", lambda: 0)
    found = gpu()
    assert (found.state, found.advice) == ("ok", "")
    assert "ncx codes on the CPU" in found.detail


def test_a_device_without_torch_is_told_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "driver_devices", lambda: 1)
    monkeypatch.setattr(devices, "has_torch", lambda: False)
    found = gpu()
    assert found.state == "note"
    assert "pip install 'climcomp[neural]'" in found.advice
    monkeypatch.setattr(devices, "driver_devices", lambda: 0)
    assert gpu().state == "ok"
