"""A recipe for given files: planned with defaults, then written out with what the plan decided."""

from __future__ import annotations

import glob
import itertools
import json
import math
import os
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from climcomp.errors import BoundError
from climcomp_metrics.report.quantity import counted, size, times
from climcomp_metrics.report.text import printable
from climcomp_workflows.bound_text import parse_bound, resolve_bound
from climcomp_workflows.classes import CLASS_WORDS, default_bound
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.recipe import parse_recipe

# More files than this are written as a pattern, where one means exactly them.
_MOST_FILES = 6
_INLINE_BYTES = 64 << 20
_WIDTH = 96
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
# Words that YAML takes for something else than a text.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def init_recipe(
    files: Sequence[str],
    *,
    folder: Path,
    store: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> str:
    """The text of a commented recipe for these files, as one data set.

    It can be loaded and planned as it is: it is made from a plan with the defaults.

    Parameters
    ----------
    files
        Files, patterns, Zarr stores, URLs.
    folder
        Where the recipe will lie: its paths are relative to it.
    store
        The archive; None: named after the files.
    say
        Is told the name of each variable as it is looked at.

    Raises
    ------
    SourceError
        If the files cannot be read, or are not one data set.
    """
    names = _relative(_as_pattern(files), folder)
    name = _name_of(files)
    head = _head(name, names, store or f"{name}.zarr")
    recipe = parse_recipe("\n".join(head) + "\n", folder / "recipe.yaml")
    plan, _ = make_plan(recipe, say=say)
    lines = [*_comment(plan), *head, "", *_variables(plan), *_carried(plan), *_cluster(plan)]
    return "\n".join(lines) + "\n"


def _head(name: str, files: Sequence[str], store: str) -> list[str]:
    if len(files) == 1:
        listed = [f"  files: {_quoted(files[0])}"]
    else:
        listed = ["  files:", *(f"    - {_quoted(file)}" for file in files)]
    return [
        "recipe: 1",
        f"name: {_quoted(name)}",
        "",
        "input:",
        "  # Relative to this recipe's folder. Several files are joined along time.",
        *listed,
        "",
        "output:",
        "  # Relative to the folder where climcomp runs.",
        f"  store: {_quoted(store)}",
        "  # How it will be read: maps, series or balanced.",
        "  access: balanced",
        "",
        "# climate: within the bounds, and every climate test passes. Others: bounds, lossless.",
        "quality: climate",
    ]


def _comment(plan: Plan) -> list[str]:
    files = [file for dataset in plan.datasets.values() for file in dataset.identity]
    text = (
        f"Written by `climcomp init` for {counted(len(files), 'file')} "
        f"({size(sum(file.size_bytes for file in files))}). Look through the bounds: they are "
        "defaults, you may know better. Then: climcomp plan THIS_FILE, climcomp run THIS_FILE"
    )
    lines = _commented(text)
    for warning in plan.warnings:
        lines += _commented(f"Warning: {warning}")
    return [*lines, ""]


def _variables(plan: Plan) -> list[str]:
    data = [variable for variable in plan.variables if variable.how != "carried"]
    lossy = [variable for variable in data if variable.how == "lossy"]
    lines = [] if lossy else ["# No variable of these files may lose anything."]
    lines.append("variables:" if lossy else "variables: {}")
    for variable in lossy:
        lines += ["", *_entry(variable)]
    for variable in data:
        if variable.how == "lossless":
            lines += ["", *_commented(f"{_facts(variable)}. Lossless: {variable.reason}.", "  ")]
    return lines


def _entry(variable: VariablePlan) -> list[str]:
    word = CLASS_WORDS[variable.kind]  # type: ignore[index]  # lossy: C, P or B
    raw = math.prod(variable.spec.shape) * variable.spec.numpy_dtype.itemsize
    ratio = raw / variable.estimated_bytes if variable.estimated_bytes else None
    lines = _commented(f"{_facts(variable)}. Class {word}: {variable.reason}.", "  ")
    lines += _commented(
        f"Default bound: {variable.bound_text}; about {times(ratio)} smaller.", "  "
    )
    bound = _bound(variable)
    said = f"class: {word}" + ("" if bound is None else f", bound: {_quoted(bound)}")
    return [*lines, f"  {_key(variable.name)}: {{{said}}}"]


def _bound(variable: VariablePlan) -> str | None:
    """The default bound as a recipe says it; None where that takes more than one number."""
    attributes = variable.spec.attributes
    units = attributes.get("units")
    unit = units if isinstance(units, str) and units.strip() else None
    standard = attributes.get("standard_name")
    default = default_bound(variable.name, attributes, variable.kind)  # type: ignore[arg-type]
    if default is None or default.sigma_share is not None:
        return None
    if default.relative is not None:
        return None if default.absolute is not None else f"{100 * default.relative:g} % relative"
    if default.absolute is None:
        return None
    text = f"{default.absolute:g}" + (f" {unit}" if unit not in (None, "1") else "")
    if unit == "%":
        text = f"{default.absolute:g} % absolute"
    try:
        resolved = resolve_bound(
            parse_bound(text), unit, standard if isinstance(standard, str) else None
        )
    except BoundError:
        return None  # a unit that cannot be written; the default stays in force
    same = math.isclose(resolved.bound.value, default.absolute, rel_tol=1e-6)
    return text if same and resolved.bound.kind == "absolute" else None


def _facts(variable: VariablePlan) -> str:
    spec = variable.spec
    shape = ", ".join(f"{dim} {n}" for dim, n in zip(spec.dims, spec.shape, strict=True))
    title = spec.attributes.get("long_name") or spec.attributes.get("standard_name") or ""
    units = spec.attributes.get("units")
    unit = f", {units}" if units else ""
    called = f": {title}" if isinstance(title, str) and title else ""
    return f"{variable.name}{called} ({shape or 'a single value'}) {spec.dtype}{unit}"


def _carried(plan: Plan) -> list[str]:
    carried = [variable for variable in plan.variables if variable.how == "carried"]
    lines: list[str] = []
    if carried:
        lines += ["", "# Carried over exactly, without an entry here:"]
        for variable in carried:
            lines += _commented(f"  {variable.name}: {variable.reason}")
    for name, reason in plan.skipped.items():
        lines += _commented(f"Left out: {name}: {reason}")
    return lines


def _cluster(plan: Plan) -> list[str]:
    raw = sum(
        math.prod(variable.spec.shape) * variable.spec.numpy_dtype.itemsize
        for variable in plan.variables
    )
    if raw <= _INLINE_BYTES:
        return [
            "",
            "# Small enough for one process. For all cores: {kind: local, workers: auto}",
            "cluster: {kind: inline}",
        ]
    return ["", "cluster: {kind: local, workers: auto, memory: auto}"]


def _as_pattern(files: Sequence[str]) -> list[str]:
    """Many files of one folder as a pattern, if it means them and nothing else."""
    wanted = {os.path.abspath(os.path.expanduser(file)) for file in files if "://" not in file}
    folders = {os.path.dirname(file) for file in wanted}
    if len(files) <= _MOST_FILES or len(wanted) != len(files) or len(folders) != 1:
        return list(files)
    names = sorted(os.path.basename(file) for file in wanted)
    start = _common_start(names)
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    (folder,) = folders
    pattern = os.path.join(folder, f"{start}*{end}")
    return [pattern] if set(glob.glob(pattern)) == wanted else list(files)


def _common_start(texts: Sequence[str]) -> str:
    """The letters with which all of them begin."""
    shortest, longest = min(texts), max(texts)
    same = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(shortest, longest, strict=False)
    )
    return "".join(letter for letter, _ in same)


def _relative(files: Sequence[str], folder: Path) -> list[str]:
    return [
        file
        if "://" in file
        else os.path.relpath(os.path.abspath(os.path.expanduser(file)), folder)
        for file in files
    ]


def _name_of(files: Sequence[str]) -> str:
    """What the file names have in common."""
    stems = [Path(file.rstrip("/")).stem for file in files]
    common = _common_start(stems)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", common.split("*")[0].split("?")[0].split("[")[0])
    return name.strip("-_.") or "archive"


def _commented(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}#   ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _key(name: str) -> str:
    plain = _PLAIN_KEY.fullmatch(name) and name.lower() not in _YAML_WORDS
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    """A text as YAML reads it back, whatever is in it: JSON's way is YAML's too."""
    return json.dumps(text, ensure_ascii=False)
