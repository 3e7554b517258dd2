"""YAML to plain values, with the line of every key.

The scalars are YAML 1.2's: `no` is a word (and nitric oxide a variable), 1e-3 is a number, 12:30
is a text. Anchors, aliases and tags are refused: a recipe is read by people, and nested aliases
can ask for more memory than there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from climcomp_workflows.recipe.problems import Location, Problem

_MAXIMUM_CHARACTERS = 1_000_000
_MAXIMUM_DEPTH = 20
_BOOLEANS = {"true": True, "false": False}

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


class _Loader(yaml.SafeLoader):
    """PyYAML's scanner with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]{1,300}", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


@dataclass
class YamlText:
    """What a text holds; `problems` first: where there are any, `data` may be incomplete."""

    data: Plain = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_yaml(text: str) -> YamlText:
    """Read one YAML document; whatever is wrong with it stands in `problems`."""
    result = YamlText(lines={(): 1})
    if len(text) > _MAXIMUM_CHARACTERS:
        found = f"found {len(text):,} characters, wanted at most {_MAXIMUM_CHARACTERS:,}"
        result.problems.append(Problem(1, (), f"{found}: is this a recipe?"))
        return result
    try:
        result.problems += _refused(text)
        if not result.problems and (node := yaml.compose(text, Loader=_Loader)) is not None:
            result.data = _plain(node, (), result)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = (
            f"the character {chr(error.character)!r}" if isinstance(error.character, int) else ""
        )
        result.problems.append(Problem(line, (), f"found {found}, which YAML does not allow"))
    except yaml.MarkedYAMLError as error:
        result.problems.append(_syntax(error, text))
    return result


def _refused(text: str) -> list[Problem]:
    """Anchors, aliases, tags, depth and second documents, found before anything is built."""
    problems: list[Problem] = []
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "anchors (&) and aliases (*) are not used in recipes; write the value out"
            problems.append(Problem(line, (), f'{what} (a name that starts with * needs "quotes")'))
        elif (tag := getattr(event, "tag", None)) is not None:
            problems.append(Problem(line, (), f"found the tag {tag!r}; recipes use none"))
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                problems.append(
                    Problem(line, (), "found a second document; wanted one recipe a file")
                )
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAXIMUM_DEPTH:
                problems.append(Problem(line, (), f"nested more than {_MAXIMUM_DEPTH} levels deep"))
                return problems
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return problems


def _plain(node: yaml.Node, location: Location, result: YamlText) -> Plain:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, location, result)
    if isinstance(node, yaml.SequenceNode):
        items: list[Plain] = []
        for index, item in enumerate(node.value):
            result.lines[(*location, index)] = item.start_mark.line + 1
            items.append(_plain(item, (*location, index), result))
        return items
    return _scalar(node)


def _mapping(node: yaml.MappingNode, location: Location, result: YamlText) -> Plain:
    mapping: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            result.problems.append(
                Problem(line, location, "a key must be a word, not a collection")
            )
            continue
        key = str(key_node.value)
        here = (*location, key)
        if key in mapping:
            text = f"stands twice; it is on line {result.lines[here]} already"
            result.problems.append(Problem(line, here, text))
            continue
        result.lines[here] = line
        mapping[key] = _plain(value_node, here, result)
    return mapping


def _scalar(node: yaml.Node) -> Plain:
    text, kind = str(node.value), node.tag.rpartition(":")[2]
    if kind == "bool":
        return _BOOLEANS[text.lower()]
    if kind == "null":
        return None
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in str(error.problem):
        return Problem(line, (), f"column {column}: found a tab; YAML is indented with spaces")
    said = " ".join(part for part in (error.context, error.problem) if part)
    hint = ""
    if "mapping values are not allowed" in said:
        hint = '; a text with ": " in it needs "quotes", and a key needs the indent of its fellows'
    elif "%" in written and "token" in said:
        hint = '; a text that starts with % needs "quotes"'
    elif "expected <block end>" in said:
        hint = "; is a line indented differently from its fellows?"
    return Problem(line, (), f"column {column}: no valid YAML: {said}{hint}")
