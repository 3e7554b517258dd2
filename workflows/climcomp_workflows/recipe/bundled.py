"""The recipes that come with climcomp, and finding a recipe by path or by name."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from climcomp.errors import RecipeError
from climcomp_workflows.recipe.problems import nearest

_SHARE = Path("share", "climcomp", "recipes")


def bundled_recipes() -> dict[str, Path]:
    """The recipes that come with climcomp, by name, in order.

    A source checkout (an editable installation too) has them beside the packages, a wheel under
    the share folder of its environment or wherever its installer noted them.
    """
    for folder in _folders():
        if found := {path.stem: path for path in sorted(folder.glob("*.yaml"))}:
            return found
    return {}


def find_recipe(path_or_name: str | Path) -> Path:
    """The file of a recipe that is named by path or by a bundled name.

    Raises
    ------
    RecipeError
        If there is no such file; the message names the recipes that are most like it.
    """
    path = Path(path_or_name)
    if path.is_file():
        return path
    if path.is_dir():
        raise RecipeError(f"{path} is a folder, wanted a recipe file: {path / 'recipe.yaml'}?")
    known = bundled_recipes()
    name = path.stem if path.suffix in (".yaml", ".yml") else path.name
    # "recipes/quickstart.yaml" works wherever it is called, once no such file is there.
    if name in known and path.parent in (Path("."), Path("recipes")):
        return known[name]
    close = nearest(name, known)
    meant = f" Did you mean {' or '.join(close)}?" if close else ""
    raise RecipeError(
        f"{str(path_or_name)!r} is no file, and no recipe of that name comes with climcomp "
        f"({', '.join(known) or 'none was found'}).{meant}",
        (f"no recipe {str(path_or_name)!r}",),
    )


def _folders() -> list[Path]:
    checkout = Path(__file__).resolve().parents[3]
    folders = [checkout / "recipes"] if (checkout / "pyproject.toml").is_file() else []
    folders.append(Path(sys.prefix) / _SHARE)
    # pip --user and --prefix put the data elsewhere; the installer's own list knows where.
    try:
        files = metadata.files("climcomp") or []
    except metadata.PackageNotFoundError:
        files = []
    folders += {
        Path(str(file.locate())).resolve().parent
        for file in files
        if file.parent.parts[-3:] == _SHARE.parts and file.suffix == ".yaml"
    }
    return folders
