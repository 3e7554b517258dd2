"""The source files that a recipe names, as paths that can be opened from anywhere."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from climcomp.errors import SourceError
from climcomp_workflows.recipe.models import Recipe

_PACKAGE = "package:"
_EXTRAS = {"iris_sample_data": "climcomp[samples]"}


def source_files(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """The recipe's files by Zarr group ("" is the root): absolute paths and globs, or URLs.

    A relative path starts at the recipe's folder (at the working directory for a recipe without a
    file); "package:NAME/FILE" is a file inside an installed Python package. Globs stay globs.

    Raises
    ------
    SourceError
        If a package or its file is not there; the message says what to install.
    """
    folder = recipe.path.parent.resolve() if recipe.path is not None else Path.cwd()
    return {
        group: tuple(_located(name, folder) for name in names)
        for group, names in recipe.input.files.items()
    }


def _located(name: str, folder: Path) -> str:
    if name.startswith(_PACKAGE):
        return str(_in_package(name))
    if "://" in name:
        return name
    return str(folder / Path(name).expanduser())


def _in_package(name: str) -> Path:
    package, _, inside = name.removeprefix(_PACKAGE).partition("/")
    if not package.isidentifier() or not inside or ".." in Path(inside).parts:
        raise SourceError(f"{name!r} is no file in a package; write package:NAME/folder/file.nc")
    spec = find_spec(package)
    install = _EXTRAS.get(package, package.replace("_", "-"))
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"the package {package!r} that holds {inside} is not installed: pip install '{install}'"
        )
    for location in spec.submodule_search_locations:
        if (path := Path(location, inside)).exists():
            return path
    raise SourceError(
        f"the package {package!r} is installed, but has no {inside}; a newer one may: "
        f"pip install --upgrade '{install}'"
    )
