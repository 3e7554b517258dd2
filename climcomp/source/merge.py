"""Sources of different variables on the same axes as one: CMIP has a file for each variable."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from climcomp.errors import SourceError
from climcomp.source.agreement import COMPARED_BYTES, MUST_AGREE, same_attribute
from climcomp.source.model import Attributes, FileContent, SourceVariable
from climcomp.source.roles import find_roles
from climcomp.source.source import Source


def merge(sources: Sequence[Source], firsts: Sequence[FileContent]) -> Source:
    """One source with the variables of all; `firsts` are the first files of each.

    Raises
    ------
    SourceError
        If a variable or dimension that two of them have is not the same in both.
    """
    whole = sources[0]
    variables = dict(whole.variables)
    owners = dict.fromkeys(variables, whole)
    dimensions = {group: dict(lengths) for group, lengths in whole.dimensions.items()}
    unlimited = dict(whole.unlimited)
    differing: dict[str, None] = {}
    shared = []
    for other in sources[1:]:
        problem = _problem(owners, other) or _other_lengths(dimensions, other)
        if problem:
            raise SourceError(_refusal(whole, other, problem))
        for name, variable in other.variables.items():
            if name not in variables:
                variables[name], owners[name] = variable, other
                continue
            keys = _differing(variables[name].attributes, variable.attributes)
            differing |= dict.fromkeys(f"{key} of {name}" for key in keys)
            if _is_deferred(variable):
                shared.append((name, other.parts))
        for group, lengths in other.dimensions.items():
            dimensions.setdefault(group, {}).update(lengths)
        for group, names in other.unlimited.items():
            unlimited[group] = tuple(dict.fromkeys((*unlimited.get(group, ()), *names)))
        differing |= dict.fromkeys(_differing(whole.attributes, other.attributes))
    stored = {name: v for first in reversed(firsts) for name, v in first.variables.items()}
    roles = find_roles({name: stored[name] for name in variables}, whole.attributes)
    parts = tuple(part for source in sources for part in source.parts)
    texts = [text for source in sources for text in source.warnings]
    if differing:
        texts.append(
            f"attributes differ between files of different variables "
            f"({', '.join(sorted(differing))}): those of {whole.parts[0].path} are kept"
        )
    return replace(
        whole,
        spec=replace(whole.spec, files=tuple(part.path for part in parts)),
        groups={path: a for source in reversed(sources) for path, a in source.groups.items()},
        dimensions=dimensions,
        unlimited=unlimited,
        variables={name: replace(v, roles=roles[name]) for name, v in variables.items()},
        unsupported={name: r for source in sources for name, r in source.unsupported.items()},
        parts=parts,
        uncompared=tuple(dict.fromkeys(n for source in sources for n in source.uncompared)),
        warnings=tuple(dict.fromkeys(texts)),
        parts_of={name: owner.parts for name, owner in owners.items()},
        shared=tuple(shared),
    )


def _problem(owners: dict[str, Source], other: Source) -> str:
    """Why a variable that both have is not one variable; "" if all are."""
    for name, theirs in other.variables.items():
        if name not in owners:
            continue
        ours = owners[name].variables[name]
        if (ours.dims, ours.shape, ours.dtype) != (theirs.dims, theirs.shape, theirs.dtype):
            return f"both have {name!r}, as {_described(ours)} and as {_described(theirs)}"
        for key in MUST_AGREE:
            a, b = ours.attributes.get(key), theirs.attributes.get(key)
            if not same_attribute(a, b):
                return f"both have {name!r}, whose {key} is {a!r} and {b!r}"
        if not _is_deferred(ours) and _crc(owners[name], name) != _crc(other, name):
            return f"both have {name!r}, with other values"
    return ""


def _is_deferred(variable: SourceVariable) -> bool:
    """Too large to be compared each time the source is opened; an axis never is."""
    return variable.nbytes > COMPARED_BYTES and len(variable.shape) > 1


def _crc(source: Source, name: str) -> int:
    values = source.read(name)
    if values.dtype.kind == "O":
        return zlib.crc32("\0".join(map(str, values.ravel())).encode())
    return zlib.crc32(np.ascontiguousarray(values).tobytes())


def _other_lengths(dimensions: dict[str, dict[str, int]], other: Source) -> str:
    for group, lengths in other.dimensions.items():
        for dim, length in lengths.items():
            known = dimensions.get(group, {}).get(dim, length)
            if known != length:
                return f"the dimension {dim!r} is {known} long in one and {length} in the other"
    return ""


def _described(variable: SourceVariable) -> str:
    lengths = zip(variable.dims, variable.shape, strict=True)
    return f"{variable.dtype}({', '.join(f'{dim}: {length}' for dim, length in lengths)})"


def _differing(ours: Attributes, theirs: Attributes) -> list[str]:
    return [k for k in {**ours, **theirs} if not same_attribute(ours.get(k), theirs.get(k))]


def _refusal(ours: Source, theirs: Source, problem: str) -> str:
    a, b = set(ours.variables), set(theirs.variables)
    only = []
    if a - b:
        only.append(f"only the first has {', '.join(sorted(a - b))}")
    if b - a:
        only.append(f"only the second has {', '.join(sorted(b - a))}")
    return (
        f"the files do not fit together: the variables differ: {'; '.join(only)}, in "
        f"{ours.parts[0].path} and {theirs.parts[0].path}, and they cannot stand side by side: "
        f"{problem}. Leave one out, or make a group of each kind "
        "(input.files: {name: files, other: files})."
    )
