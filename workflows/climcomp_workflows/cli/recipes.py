"""`climcomp recipes`: the recipes that come with climcomp."""

from __future__ import annotations

import re
from pathlib import Path

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Adder, Options

_WIDTH = 76
_EXAMPLES = """\
  climcomp recipes                             which there are
  climcomp recipes cmip6-daily >recipe.yaml    one of them, to be changed
  climcomp run quickstart                      one of them as it is
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("recipes", "list the recipes that come with climcomp", _EXAMPLES)
    parser.add_argument("name", nargs="?", help="print this one")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """List them, or print one."""
    from climcomp_workflows.recipe.bundled import bundled_recipes
    from climcomp_workflows.recipe.problems import nearest

    known = bundled_recipes()
    if options.name is None:
        lines = {name: _first_sentence(path) for name, path in known.items()}
        width = max(map(len, lines), default=0)
        text = "".join(f"{name:<{width}}  {line}\n" for name, line in lines.items())
        listed = [
            {"name": name, "summary": line, "path": str(known[name])}
            for name, line in lines.items()
        ]
        return Answer(text or "no recipes were found\n", {"recipes": listed})
    name = options.name.removesuffix(".yaml")
    if name not in known:
        close = nearest(name, known)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(
            f"no recipe {options.name!r} comes with climcomp; there are {', '.join(known)}.{hint}"
        )
    text = known[name].read_text(encoding="utf-8")
    return Answer(text, {"name": name, "path": str(known[name]), "recipe": text})


def _first_sentence(path: Path) -> str:
    """The first sentence of a recipe's comment, without its marks."""
    words: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            if words:
                break
            continue
        words += text.split()
    sentence = re.split(r"(?<=[a-z)])\.(?:\s|$)", " ".join(words))[0].rstrip(".:")
    return sentence if len(sentence) <= _WIDTH else f"{sentence[: _WIDTH - 2]}.."
