"""Does climcomp work here: versions, codecs, disk, cluster, GPU, each of them tried."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

_LIBRARIES = {
    "numpy": "numpy", "zarr": "zarr", "numcodecs": "numcodecs", "xarray": "xarray",
    "netCDF4": "netCDF4", "h5py": "h5py", "cftime": "cftime",
    "numba": "numba", "pcodec": "pcodec", "pysz": "pysz",
    "zfpy": "zfpy", "google-crc32c": "google_crc32c", "dask": "dask",
    "distributed": "distributed", "pydantic": "pydantic", "PyYAML": "yaml", "pint": "pint",
    "rich": "rich",
}  # fmt: skip
_OPTIONAL = {
    "iris-sample-data": "samples",
    "numcodecs-wasm-sperr": "sperr",
    "xbitinfo": "xbitinfo",
}
_LOW_DISK_BYTES = 1 << 30
_OLDEST, _NEWEST = (3, 11), (3, 13)
_REPAIR = "pip install --upgrade --force-reinstall climcomp"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    state
        `BROKEN`: climcomp cannot work so; `note`: something is not as well as it could be.
    advice
        What to do; empty where all is well.
    """

    what: str
    state: Literal["ok", "note", "BROKEN"]
    detail: str
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """The finding as JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything; nothing that goes wrong here is an error, all of it is a finding."""
    findings = []
    for look in (
        _python,
        _libraries,
        _codecs,
        _zarr,
        _numba_cache,
        _disk,
        _cluster,
        _recipes,
        _gpu,
    ):
        findings += _guarded(look)
    return findings


def _guarded(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    # A broken library may raise anything; the doctor still has to look at the rest.
    except Exception as err:
        what = look.__name__.strip("_").replace("_", " ")
        return [Finding(what, "BROKEN", f"{type(err).__name__}: {err}", _REPAIR)]


def _python() -> Iterator[Finding]:
    version = sys.version_info[:2]
    detail = f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    if _OLDEST <= version <= _NEWEST:
        yield Finding("Python", "ok", detail)
    elif version < _OLDEST:
        yield Finding("Python", "BROKEN", detail, "use Python 3.11 to 3.13")
    else:
        yield Finding("Python", "note", detail, "climcomp is tested with Python 3.11 to 3.13")
    try:
        yield Finding("climcomp", "ok", metadata.version("climcomp"))
    except metadata.PackageNotFoundError:
        advice = "pip install it: zarr finds the codec climcomp.block by its installed entry point"
        yield Finding("climcomp", "BROKEN", "it is imported, but not installed", advice)


def _libraries() -> Iterator[Finding]:
    for name, module in _LIBRARIES.items():
        try:
            importlib.import_module(module)
        # A library that is there but broken fails with ImportError, OSError, AttributeError, ...
        except Exception as err:
            advice = f"pip install --upgrade --force-reinstall {name}"
            yield Finding(name, "BROKEN", f"{type(err).__name__}: {err}", advice)
        else:
            yield Finding(name, "ok", _version(name))
    for name, extra in _OPTIONAL.items():
        version = _version(name)
        if version:
            yield Finding(name, "ok", version)
        else:
            yield Finding(
                name, "ok", f"not installed; not needed (pip install 'climcomp[{extra}]')"
            )


def _packages() -> Iterator[Finding]:
    """Our own parts, with all that they import."""
    for module in (
        "climcomp.archive",
        "climcomp.source",
        "climcomp_metrics",
        "climcomp_workflows.run",
    ):
        try:
            importlib.import_module(module)
        except Exception as err:
            yield Finding(module, "BROKEN", f"{type(err).__name__}: {err}", _REPAIR)
        else:
            yield Finding(module, "ok", "imports")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _codecs() -> Iterator[Finding]:
    """Each codec encodes and decodes a block, and the bound is looked at on every value."""
    from climcomp.codecs import codec_names, missing_extra

    for name in codec_names():
        try:
            if missing_extra(name):
                continue  # named among the libraries
            yield Finding(f"codec {name}", "ok", _round_trip(name))
        except Exception as err:
            detail = f"{type(err).__name__}: {err}"
            yield Finding(f"codec {name}", "BROKEN", detail, _REPAIR)


def _round_trip(name: str) -> str:
    import numpy as np

    from climcomp.bounds import NO_BOUND, ErrorBound
    from climcomp.codecs import get_codec
    from climcomp.frame import BlockEncoding, decode_block, encode_block
    from climcomp_workflows.plan.fits import is_fitted

    angles = np.linspace(0, 6, 16 * 32 * 32, dtype=np.float32).reshape(16, 32, 32)
    values = (280 + 10 * np.sin(angles)).astype(np.float32)
    values[0, 0, 0] = np.nan
    # One step of a fit shows that it runs.
    codec = get_codec(name, **({"effort": 1} if is_fitted(name) else {}))
    kind = next((k for k in ("absolute", "pointwise_relative") if k in codec.kinds), None)
    bound = None if kind is None else ErrorBound(kind, 0.01)
    if "none" in codec.kinds:  # its error is as large as is asked, but only on average
        codec, bound = get_codec(name, target="rmse", value=0.1), NO_BOUND
    payload = encode_block(values, BlockEncoding(codec, bound))
    decoded = decode_block(payload, values.shape, values.dtype)
    if not np.array_equal(np.isnan(values), np.isnan(decoded)):
        raise ValueError("the missing value moved")
    tolerance = 0.0 if bound is None else bound.tolerance(values[1:])
    if (np.abs(decoded[1:].astype(np.float64) - values[1:]) > tolerance).any():
        raise ValueError("the error bound was not kept")
    if bound is NO_BOUND and not np.std(decoded[1:].astype(np.float64) - values[1:]) <= 0.2:
        raise ValueError("the root-mean-square error is not the one that was asked for")
    return f"{codec.library} {codec.library_version()}, {values.nbytes / len(payload):.1f} x"


def _zarr() -> Iterator[Finding]:
    from zarr.registry import get_codec_class

    from climcomp.zarr_codec import NAME, BlockCodec

    try:
        found: Any = get_codec_class(NAME)
    except KeyError:
        advice = "install climcomp with pip: its entry point tells zarr of the codec"
        yield Finding(f"zarr's {NAME}", "BROKEN", "zarr does not know the codec", advice)
        return
    if found is BlockCodec:
        yield Finding(f"zarr's {NAME}", "ok", "registered; any program with zarr opens archives")
    else:
        advice = "remove the other package, or the older climcomp"
        yield Finding(f"zarr's {NAME}", "BROKEN", f"it is {found!r}", advice)


def _numba_cache() -> Iterator[Finding]:
    """Where compiled loops are kept: without it every process compiles them again."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    spec = importlib.util.find_spec("climcomp_metrics")
    home = Path(spec.origin).parent if spec is not None and spec.origin else Path()
    folder = Path(chosen) if chosen else home / "kernels" / "__pycache__"
    if _is_writable(folder):
        yield Finding("numba's cache", "ok", str(folder))
        return
    # numba itself falls back to the user's cache folder.
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not chosen and _is_writable(user):
        yield Finding("numba's cache", "ok", str(user / "numba"))
        return
    advice = "set NUMBA_CACHE_DIR to a folder that can be written, or each process compiles anew"
    yield Finding("numba's cache", "note", f"{folder} cannot be written", advice)


def _is_writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _disk() -> Iterator[Finding]:
    for what, folder in (("this folder", Path.cwd()), ("temporary", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        detail = f"{folder}: {free / 1e9:.1f} GB free"
        if not _is_writable(folder):
            state: Literal["note", "BROKEN"] = "BROKEN" if what == "temporary" else "note"
            advice = "set TMPDIR to a folder that can be written" if what == "temporary" else (
                "write archives elsewhere (output.store)"
            )  # fmt: skip
            yield Finding(what, state, f"{folder} cannot be written", advice)
        elif free < _LOW_DISK_BYTES:
            yield Finding(what, "note", detail, "make room before a large run")
        else:
            yield Finding(what, "ok", detail)


def _cluster() -> Iterator[Finding]:
    """Dask is imported and a port on loopback opened; no worker is started."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
    except OSError as err:
        advice = "allow local connections, or say `cluster: {kind: inline}` in the recipe"
        yield Finding("local cluster", "BROKEN", f"no port on 127.0.0.1: {err}", advice)
        return
    detail = f"distributed {_version('distributed')}; ports on 127.0.0.1 open (tried {port})"
    yield Finding("local cluster", "ok", detail)


def _recipes() -> Iterator[Finding]:
    from climcomp_workflows.recipe import bundled_recipes

    found = bundled_recipes()
    if found:
        yield Finding("recipes", "ok", ", ".join(found))
    else:
        yield Finding("recipes", "note", "none came along", "reinstall climcomp from its wheel")


def _gpu() -> Iterator[Finding]:
    """Whether codec ncx would use the devices that there are: it codes a block on the first."""
    from climcomp_workflows.cluster.devices import EXTRA, driver_devices, find_devices, has_torch

    if not has_torch():
        count = driver_devices()
        if not count:
            yield Finding("GPU", "ok", "torch is not installed; nothing here needs a GPU")
            return
        advice = f"pip install 'climcomp[{EXTRA}]', and runs code blocks of ncx on them"
        yield Finding("GPU", "note", f"{count} found, but torch is not installed", advice)
        return
    found = find_devices()
    if not found.count:
        yield Finding("GPU", "ok", f"{found.why}; nothing here needs one: ncx codes on the CPU")
        return
    torch: Any = importlib.import_module("torch")  # Any: it is optional, so its types are not here
    names = ", ".join(torch.cuda.get_device_name(i) for i in range(found.count))
    yield _try_device(f"{names} (torch {torch.__version__})")


def _try_device(names: str) -> Finding:
    import numpy as np

    from climcomp.bounds import ErrorBound
    from climcomp.codecs.neural.ncx import Ncx
    from climcomp_workflows.cluster import devices

    angles = np.linspace(0, 6, 4 * 32 * 64, dtype=np.float32).reshape(4, 32, 64)
    values, codec = 280 + 10 * np.sin(angles), Ncx()
    advice = "say cluster: {gpu: none} until that is mended; runs code on the CPU where it fails"
    try:
        from climcomp.codecs.neural.device import encode_blocks

        (payload,) = encode_blocks([values], 0.01, codec, devices.DEVICE)
    except Exception as err:  # a driver may raise anything, as above
        detail = f"{names}; ncx does not code there: {type(err).__name__}: {err}"
        return Finding("GPU", "note", detail, advice)
    if payload != codec.encode(values, ErrorBound("absolute", 0.01)):
        advice = "say cluster: {gpu: none} in the recipe, and please report this"
        return Finding("GPU", "BROKEN", f"{names}; ncx makes other bytes there", advice)
    return Finding("GPU", "ok", f"{names}; ncx codes there, the bytes are those of the CPU")
