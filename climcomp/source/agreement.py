"""What the files of one source must have in common, and in what they may differ."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import SourceError
from climcomp.source.axes import Scope
from climcomp.source.calendar import same_reference
from climcomp.source.model import FileContent, StoredVariable

# Variables without time that are larger are compared only when `Source.check_static` is called.
COMPARED_BYTES = 2 * 2**20
MUST_AGREE = (
    "units",
    "calendar",
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "_Unsigned",
)

ReadAll = Callable[[FileContent, str], NDArray[Any]]


class Agreement:
    """Compares files with the first one; it lives while they are opened one after another."""

    def __init__(self, first: FileContent, dim: str, read_all: ReadAll) -> None:
        if dim not in first.dimensions[""]:
            raise SourceError(
                f"{first.path}: there is no dimension {dim!r} to combine along; there are "
                f"{', '.join(first.dimensions['']) or 'none'}."
            )
        self.first, self.dim, self.read_all = first, dim, read_all
        scope = Scope.of("", first.variables)
        rank = scope.times.get(dim)
        self.time = rank[1] if rank else dim if dim in first.variables else None
        self.storage = {name: 0 for name in first.variables}
        self.static: dict[str, int] = {}
        self.uncompared: list[str] = []
        for name, variable in first.variables.items():
            if dim in variable.dims:
                continue
            if variable.nbytes <= COMPARED_BYTES:
                self.static[name] = self.crc(first, name)
            else:
                self.uncompared.append(name)
        self.other_attributes: dict[str, str] = {}
        self.other_global: set[str] = set()
        self.other_units = ""

    def crc(self, content: FileContent, name: str) -> int:
        values = self.read_all(content, name)
        if values.dtype.kind == "O":
            return zlib.crc32("\0".join(map(str, values.ravel())).encode())
        return zlib.crc32(np.ascontiguousarray(values).tobytes())

    def times(self, content: FileContent) -> NDArray[Any] | None:
        """Stored times of a file, one for each step; None if there is no time coordinate."""
        if self.time is None:
            return None
        times = self.read_all(content, self.time)
        if times.dtype.kind == "S" and times.ndim == 2:
            width = times.shape[1] * times.dtype.itemsize
            times = np.ascontiguousarray(times).view(f"S{width}")[:, 0]
        return times

    def count(self, content: FileContent) -> None:
        """Add what the variables of a file take."""
        for name, variable in content.variables.items():
            self.storage[name] += variable.storage_bytes

    def compare(self, content: FileContent) -> None:
        """Compare a file that has the same variables as the first."""
        ours, theirs = self.first, content
        for group, dims in ours.dimensions.items():
            for dim, length in dims.items():
                other = theirs.dimensions.get(group, {}).get(dim)
                if dim != self.dim and other != length:
                    raise self._error(
                        theirs, f"the dimension {dim!r} differs", f"{length} against {other}"
                    )
                if dim == self.dim and other is None:
                    raise self._error(theirs, f"the dimension {dim!r} is missing", "in the second")
        for name, variable in ours.variables.items():
            self._compare_variable(variable, theirs.variables[name], theirs)
        for name, crc in self.static.items():
            if self.crc(theirs, name) != crc:
                raise self._error(
                    theirs,
                    f"{name!r} has no dimension {self.dim!r}, so it must be the same in all files; "
                    "its values differ",
                    "a different grid, or a field that changes with time but does not say so",
                )
        self.other_global |= {
            key
            for key in set(ours.attributes) | set(theirs.attributes)
            if not same_attribute(ours.attributes.get(key), theirs.attributes.get(key))
        }

    def _compare_variable(
        self, ours: StoredVariable, theirs: StoredVariable, content: FileContent
    ) -> None:
        for what in ("dims", "dtype"):
            a, b = getattr(ours, what), getattr(theirs, what)
            if a != b:
                raise self._error(content, f"{what} of {ours.name!r} differ", f"{a} against {b}")
        for key in set(ours.attributes) | set(theirs.attributes):
            a, b = ours.attributes.get(key), theirs.attributes.get(key)
            if same_attribute(a, b):
                continue
            if key not in MUST_AGREE:
                self.other_attributes[key] = ours.name
            elif key == "units" and same_reference(a, b, ours.attributes.get("calendar")):
                self.other_units = f"{a!r} and {b!r}"
            else:
                raise self._error(
                    content, f"{key} of {ours.name!r} differs", f"{a!r} against {b!r}{_advice(key)}"
                )

    def _error(self, content: FileContent, what: str, detail: str) -> SourceError:
        return SourceError(
            f"the files do not fit together: {what}: {detail}, in {self.first.path} and "
            f"{content.path}. Leave one out, or make a source of each kind."
        )

    def warnings(self) -> tuple[str, ...]:
        texts = []
        if self.other_global:
            keys = ", ".join(sorted(self.other_global))
            texts.append(
                f"global attributes differ between the files ({keys}): those of {self.first.path} "
                "are kept"
            )
        if self.other_attributes:
            listed = ", ".join(f"{key} of {name}" for key, name in self.other_attributes.items())
            texts.append(
                f"attributes of variables differ between the files ({listed}): those of "
                f"{self.first.path} are kept"
            )
        if self.other_units:
            texts.append(f"the files write the same time units in two ways: {self.other_units}")
        return tuple(texts)


def _advice(key: str) -> str:
    if key == "units":
        return (
            "; time is carried over as it is stored, so the files need one reference date "
            "(cdo setreftime, or xarray), other units one unit"
        )
    if key in ("scale_factor", "add_offset"):
        return "; each file is packed for itself: unpack them first (ncpdq -U, cdo -b F32)"
    return ""


def same_attribute(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return bool(type(a) is type(b) and a == b)
    if isinstance(a, dict) or isinstance(b, dict):
        return bool(a == b)
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
