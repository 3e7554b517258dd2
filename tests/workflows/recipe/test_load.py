"""Every error that a person can make in a recipe, all of them at once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climcomp.errors import RecipeError
from climcomp_workflows.recipe import Recipe, load_recipe, parse_recipe, recipe_digest
from climcomp_workflows.recipe.run_values import Information

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\n"


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as error:
        parse_recipe(text)
    return error.value.problems


def problems_if_any(text: str) -> tuple[str, ...]:
    try:
        parse_recipe(text)
    except RecipeError as error:
        return error.problems or ("a RecipeError without problems",)
    return ()


def test_a_small_recipe_has_every_default() -> None:
    recipe = parse_recipe(HEAD)
    assert recipe.input.files == {"": ("a.nc",)}
    assert (recipe.input.engine, recipe.input.combine, recipe.input.group) == ("auto", "auto", None)
    assert (recipe.output.access, recipe.output.chunks, recipe.output.shard_size) == (
        "balanced",
        None,
        None,
    )
    assert recipe.quality == "climate"
    assert (recipe.defaults.codecs, recipe.defaults.rounding) == ("auto", "auto")
    assert (recipe.on_fail, recipe.defaults.portable) == ("lossless", "auto")
    assert (recipe.variables, recipe.checks.limits) == ({}, {})
    assert (recipe.cluster.kind, recipe.cluster.workers, recipe.cluster.memory) == (
        "local",
        "auto",
        "auto",
    )


def test_every_key_is_read() -> None:
    recipe = parse_recipe(
        """
recipe: 1
name: all of it
input: {files: {a: [x.nc, y.nc], b: z.zarr}, engine: zarr, group: g, combine: time}
output: {store: out.zarr, chunks: {time: 12, lat: 90}, shard_size: 1.5 MiB}
quality: {information: 0.99}
defaults: {codecs: [sz3, zfp], rounding: none, on_fail: refuse, portable: false, optional: yes}
variables:
  t2m:
    bound: 0.01 K
    class: continuous
    keep_zeros: no
    codecs: [rounding, lossless]
    rounding: 7
    portable: true
    valid_range: [0, .inf]
    exact: [-9999, 1e20]
    on_fail: lossless
  tmp: {skip: true}
  NO: {bound: 1e-3}
checks: {limits: {C1.fail: 0.02, C1.warn: 1e-2}, require: [E5], off: T4}
cluster: {kind: local, workers: 4, memory: 4 GiB}
"""
    )
    assert recipe.input.files == {"a": ("x.nc", "y.nc"), "b": ("z.zarr",)}
    assert recipe.output.shard_size == 3 * 2**19
    assert recipe.quality == Information(0.99)
    assert recipe.defaults.codecs == ("sz3", "zfp")
    t2m = recipe.variables["t2m"]
    assert (t2m.keep_zeros, t2m.rounding, t2m.portable) == (False, 7, True)
    assert t2m.exact == (-9999.0, 1e20)
    assert t2m.valid_range == (0.0, float("inf"))
    assert recipe.variables["NO"].bound is not None
    assert recipe.checks.limits == {"C1.fail": 0.02, "C1.warn": 0.01}
    assert (recipe.checks.require, recipe.checks.off) == (("E5",), ("T4",))
    assert recipe.cluster.memory == 4 * 2**30


def test_all_problems_come_at_once_with_their_lines() -> None:
    problems = problems_of(
        """recipe: 2
nam: x
input: {files: [], engin: h5netcdf}
output: {store: a.zarr}
quality: climat
variables:
  t2m: {bnd: 0.01 K}
  t2m: {bound: 0}
  u: {bound: 1 %, codecs: [zfp]}
checks: {off: [P1], require: [E9]}
cluster: {workers: 0}
"""
    )
    lines = [int(problem.split()[1].rstrip(",:")) for problem in problems]
    assert lines == [1, 1, 2, 3, 3, 5, 7, 8, 9, 10, 10, 11]


@pytest.mark.parametrize(
    ("added", "says"),
    [
        ("qualty: climate", "line 5, qualty: no such key; did you mean 'quality'?"),
        ("chunks: {time: 1}", "it belongs to output"),
        ("bound: 1 K", "it belongs to variables.NAME"),
        ("report: {figures: 3}", "wanted true or false"),
        ("report: {figure: true}", "did you mean 'figures'?"),
        ("jobs: []", "one recipe is one archive"),
        ("quality: prevew", "did you mean 'preview'?"),
        ("quality: clmate", "did you mean 'climate'?"),
        ("quality: {information: 1}", "below 1"),
        ("quality: {information: 0.9, engine: xbitinf}", "did you mean 'xbitinfo'?"),
        ("quality: {informatio: 0.9}", "did you mean 'information'?"),
        ("quality: [climate]", "found a list"),
        ("quality:", "found nothing"),
        ("defaults: {codecs: sz2}", "did you mean 'sz3'?"),
        ("defaults: {codecs: sper}", "did you mean 'sperr'?"),
        ("defaults: {codecs: []}", "found a list"),
        ("defaults: {codecs: [sz3, sz3]}", "stands twice"),
        ("defaults: {codecs:}", "found nothing"),
        ("defaults: {rounding: 53}", "1-52"),
        ("defaults: {rounding: true}", "found true"),
        ("defaults: {rounding: aut}", "did you mean 'auto'?"),
        ("defaults: {portable: maybe}", "wanted auto, true or false"),
        ("defaults: {on_fail: ignore}", "wanted lossless or refuse"),
        ("defaults: {bound: 1 K}", "it belongs to variables.NAME"),
        ("defaults: sz3", "a mapping"),
        ("variables: [t2m]", '"t2m: {}"'),
        ("variables: {t2m: 0.01 K}", "wanted settings such as {bound: 0.01 K}"),
        ("variables: {t2m: {bnd: 1 K}}", "did you mean 'bound'?"),
        ("variables: {t2m: {bound: 0 K}}", "above 0"),
        ("variables: {t2m: {bound: -1 K}}", "above 0"),
        ("variables: {t2m: {bound: .nan}}", "finite"),
        ("variables: {t2m: {bound: [1]}}", "found a list"),
        ("variables: {ta: {bound: {}}}", "found no level"),
        ("variables: {ta: {bound: {850: 0 K}}}", "level 850: found '0 K'"),
        ("variables: {ta: {bound: {850: [1]}}}", "level 850: wanted a bound"),
        ("variables: {ta: {bound: {low: 1 K}}}", "found level 'low'"),
        ("variables: {ta: {bound: {850: 1 K, 500: 1 %}}}", "must have one unit"),
        ("variables: {ta: {bound: {850: 1 K, 850.0: 2 K}}}", "stands twice"),
        ("variables: {t2m: {bound: lossless}}", "class: lossless"),
        ("variables: {t2m: {class: continous}}", "did you mean 'continuous'?"),
        ("variables: {t2m: {class: lossless, bound: 1 K}}", "would do nothing"),
        ("variables: {t2m: {codecs: [lossless], bound: 1 K}}", "would do nothing"),
        ("variables: {t2m: {codecs: [sz3, zfp], bound: 1 %}}", "sz3 and zfp cannot keep"),
        ("variables: {t2m: {codecs: [sperr], bound: 1 %}}", "sperr cannot keep"),
        ("variables: {t2m: {codecs: [sz3, zfp], bound: 1 %}}", "add log or rounding"),
        ("variables: {t2m: {codecs: [log], bound: 1 K}}", "log keeps only a bound relative"),
        ("variables: {t2m: {codecs: log, bound: 1 % of range}}", "use sz3, zfp or rounding"),
        ("variables: {t2m: {portable: true, codecs: [sz3]}}", "do not know sz3"),
        ("variables: {t2m: {portable: true, codecs: [log]}}", "do not know log"),
        ("variables: {t2m: {skip: true, bound: 1 K}}", "bound would do nothing"),
        ("variables: {t2m: {keep_zeros: nope}}", "wanted true or false"),
        ("variables: {t2m: {valid_range: [1, 0]}}", "the lower number first"),
        ("variables: {t2m: {valid_range: [1]}}", "two numbers"),
        ("variables: {t2m: {valid_range: [a, b]}}", "two numbers"),
        ("variables: {t2m: {valid_range: [.nan, 1]}}", "two numbers"),
        ("variables: {t2m: {exact: [x, y]}}", "found 'x' and 'y'"),
        ("variables: {t2m: {exact: .inf}}", "infinities always do"),
        ("checks: {limits: {C1: 0.02}}", "such as C1.fail"),
        ("checks: {limits: {C1.fial: 0.02}}", "such as C1.fail"),
        ("checks: {limits: {C9.fail: 0.02}}", "wanted criteria among"),
        ("checks: {limits: {P1.fail: 0.02}}", "change the bound"),
        ("checks: {limits: {F2.fail: 0.02}}", "no limit that could be moved"),
        ("checks: {limits: {C1.fail: 0}}", "above 0"),
        ("checks: {limits: {C1.fail: big}}", "wanted a number"),
        ("checks: {limits: {C1.fail: 0.01, C1.warn: 0.02}}", "exchange the two"),
        ("checks: {limits: {E4.fail: 0.99, E4.warn: 0.98}}", "exchange the two"),
        ("checks: {limits: 3}", "a mapping"),
        ("checks: {off: [F1]}", "which every archive promises"),
        ("checks: {off: [E1], require: [E1]}", "under require and under off"),
        ("checks: {off: [C1], limits: {C1.fail: 0.02}}", "would do nothing"),
        ("checks: {off: {E1: true}}", "wanted a list of criteria"),
        ("checks: {require: [e5]}", "did you mean 'E5'?"),
        ("checks: {suites: {spectra: {every: 8}}}", "did you mean 'spectral'?"),
        ("checks: {suites: {spectral: {evry: 8}}}", "did you mean 'every'?"),
        ("checks: {suites: {spectral: {}}}", "says nothing"),
        ("checks: {suites: {spectral: {every: 0}}}", "wanted a whole number"),
        ("checks: {suites: {spectral: {every: 2.5}}}", "wanted a whole number"),
        ("checks: {suites: {spectral: {basis: fourier}}}", "found 'fourier', wanted harmonics"),
        ("checks: {suites: {temporal: {every: 8}}}", "every would do nothing"),
        ("checks: {suites: {temporal: {basis: harmonics}}}", "a key of spectral"),
        ("checks: {suites: [spectral]}", "wanted a mapping"),
        ("checks: {full: 3}", "wanted true or false"),
        ("checks: {full: true, suites: {spectral: {every: 8}}}", "every would do nothing"),
        ("checks: {off: [physical]}", "cannot be off: F1 (mask) and F5"),
        ("checks: {off: [X-mine]}", "take it out of checks.metrics"),
        ("checks: {limits: {X-mine.fail: 1}}", "where checks.metrics names it"),
        ("checks: {require: [X-mine]}", "no metric of this recipe"),
        ("cluster: {kind: slurm}", "comes with a later version"),
        ("cluster: {kind: inlin}", "did you mean 'inline'?"),
        ("cluster: {kind: inline, workers: 2}", "workers would do nothing"),
        ("cluster: {workers: 2.5}", "a number of processes"),
        ("cluster: {memory: 4}", '"128 MiB"'),
        ("cluster: {memory: 4 gb}", "did you mean GB"),
        ("cluster: {memory: 1 KiB}", "wanted 256 MiB to"),
        ("cluster: {gpu: true}", "found true, wanted auto, none or a number of GPUs, 1 or more"),
        ("cluster: {gpu: 0}", "found 0, wanted auto, none or"),
        ("cluster: {gpu: nine}", "found 'nine', wanted auto, none or"),
        ("cluster: {gpu: [0, 1]}", "found a list, wanted auto, none or"),
        ("cluster: {workers: 2, gpu: 3}", "workers is 2, and each process uses one GPU: gpu: 3"),
        ("cluster: {kind: inline, gpu: 2}", "kind is inline, and each process uses one GPU"),
        ("neural: {finetune: always}", "wanted auto or none"),
        ("neural: {tails: 0.01}", "found 0.01, wanted the share of values, at either end"),
        ("neural: {tails: 11 %}", 'from "0 %" to "10%"'),
    ],
)
def test_a_wrong_key_or_value_says_what_to_write(added: str, says: str) -> None:
    problems = problems_of(HEAD + added + "\n")
    assert len(problems) == 1, problems
    assert problems[0].startswith("line 5, ")
    assert says in problems[0]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("name: x\ninput: {files: a}\noutput: {store: a}", "write 'recipe: 1'"),
        ("recipe: one\nname: x\ninput: {files: a}\noutput: {store: a}", "found 'one', wanted 1"),
        ("recipe: true\nname: x\ninput: {files: a}\noutput: {store: a}", "found true, wanted 1"),
        ("recipe: 1\nname: 2020\ninput: {files: a}\noutput: {store: a}", 'in quotes, "2020"'),
        ('recipe: 1\nname: " "\ninput: {files: a}\noutput: {store: a}', "empty name"),
        ("recipe: 1\nname: x\ninput: a.nc\noutput: {store: a}", '"input: {files: a.nc}"'),
        ("recipe: 1\nname: x\ninput:\noutput: {store: a}", "input.files: is missing"),
        ("recipe: 1\nname: x\ninput: {files: []}\noutput: {store: a}", "an empty list"),
        ("recipe: 1\nname: x\ninput: {files: {}}\noutput: {store: a}", "names no files"),
        ("recipe: 1\nname: x\ninput: {files: [a, 3]}\noutput: {store: a}", "found 3 among"),
        ("recipe: 1\nname: x\ninput: {files: {a/b: c}}\noutput: {store: a}", "cannot name a group"),
        ("recipe: 1\nname: x\ninput: {files: a, engine: hdf}\noutput: {store: a}", "netcdf4"),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: a", '"output: {store: a}"'),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: {}", "output.store: is missing"),
        ('recipe: 1\nname: x\ninput: {files: a}\noutput: {store: ""}', "found an empty name"),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: {store: a, access: map}", "'maps'"),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: {store: a, chunks: 4}", "{time: 12}"),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: {store: a, chunks: {t: 0}}", "1 or more"),
        (
            "recipe: 1\nname: x\ninput: {files: a}\noutput: {store: a, access: maps, chunks: {t: 1}}",  # noqa: E501
            "leave access out",
        ),
        ("recipe: 1\nname: x\ninput: {files: a}\noutput: {store: a, shard_size: 1 B}", "4 KiB to"),
    ],
)
def test_a_wrong_head_says_what_to_write(head: str, says: str) -> None:
    problems = problems_of(head)
    assert len(problems) == 1, problems
    assert says in problems[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("# nothing but a comment\n", "is empty"),
        ("- recipe\n", "holds a list"),
        ("recipe\n", "holds 'recipe'"),
        ("recipe: 1\nname: a: b\n", "line 2: column 8"),
        ("recipe: 1\ninput:\n\tfiles: a\n", "line 3: column 1: found a tab"),
        ("recipe: 1\nname: [x", "line 2"),
        ("recipe: 1\nname: 'x", "line 2"),
        ("recipe: 1\n name: x\n", "line 2"),
        ("name: %x\n", "starts with %"),
        ("a: &x 1\n", "anchors (&) and aliases (*)"),
        ("variables:\n  *: {}\n", "line 2"),
        ("variables:\n  *t: {}\n", 'needs "quotes"'),
        ("a: !!python/object/apply:os.system [ls]\n", "found the tag"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("[" * 5000, "levels deep"),
        ("{a: " * 5000, "levels deep"),
        ("a: \x00\n", "line 1"),
        ("#" + "x" * 1_000_001, "is this a recipe?"),
        ("? [a]\n: b\n", "a key must be a word"),
    ],
)
def test_what_is_no_yaml_says_where(text: str, says: str) -> None:
    assert any(says in problem for problem in problems_of(text)), problems_of(text)


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    levels = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))
    assert "aliases" in problems_of(f"a0: &a0 x\n{levels}\n")[0]


def test_words_of_yaml_1_1_are_words() -> None:
    recipe = parse_recipe(HEAD + "variables: {no: {bound: 1}, y: {}, 12:30: {}, 1e3: {}}\n")
    assert list(recipe.variables) == ["no", "y", "12:30", "1e3"]
    assert parse_recipe(HEAD + "checks: {off: [T4]}\n").checks.off == ("T4",)


def test_empty_sections_are_their_defaults() -> None:
    recipe = parse_recipe(HEAD + "defaults:\nvariables:\nchecks:\ncluster:\n")
    assert recipe == parse_recipe(HEAD + "variables: {}\n") or recipe.variables == {}
    assert parse_recipe(HEAD + "variables:\n  t2m:\n").variables["t2m"].bound is None


def test_the_text_path_and_lines_stay_with_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + "variables:\n  t2m: {bound: 1 K}  # why\n", encoding="utf-8")
    recipe = load_recipe(file)
    assert recipe.text == file.read_text(encoding="utf-8")
    assert recipe.path == file
    assert recipe.line("variables", "t2m", "bound") == 6
    assert recipe.line("variables", "t2m", "exact") == 6
    again = pickle.loads(pickle.dumps(recipe))
    assert (again, again.text, again.path) == (recipe, recipe.text, file)


def test_a_recipe_cannot_be_changed() -> None:
    recipe = parse_recipe(HEAD)
    with pytest.raises(ValueError, match="frozen"):
        recipe.name = "other"  # type: ignore[misc]


def test_a_digest_is_of_what_is_asked() -> None:
    digest = recipe_digest(parse_recipe(HEAD))
    assert len(digest) == 64
    same = ["# why\n" + HEAD, HEAD + "quality: climate\n", HEAD + "cluster: {workers: 3}\n"]
    assert {recipe_digest(parse_recipe(text)) for text in same} == {digest}
    moved = HEAD.replace("a.zarr", "b.zarr")
    assert recipe_digest(parse_recipe(moved)) == digest
    others = [
        HEAD + "quality: bounds\n",
        HEAD + "variables: {t: {bound: 1 K}}\n",
        HEAD + "variables: {t: {bound: 2 K}}\n",
        HEAD.replace("a.nc", "b.nc"),
        HEAD + "output: {}".replace("output: {}", "checks: {off: [T4]}\n"),
    ]
    assert len({recipe_digest(parse_recipe(text)) for text in others} | {digest}) == 6


def test_a_written_recipe_reads_as_itself() -> None:
    recipe = parse_recipe(
        HEAD + "quality: {information: 0.9}\nvariables: {t: {bound: 1 %, class: positive}}\n"
    )
    assert Recipe.model_validate(recipe.model_dump(mode="json", by_alias=True)) == Recipe(
        **recipe.model_dump(by_alias=True)
    )


def test_a_file_that_is_no_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(HEAD.encode() + "# Süd\n".encode("latin-1"))
    with pytest.raises(RecipeError, match=r"line 5: found the byte 0xfc.*UTF-8"):
        load_recipe(file)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert load_recipe(file).name == "test"


@given(st.text(max_size=200))
def test_any_text_is_a_recipe_or_a_recipe_error(text: str) -> None:
    for problem in problems_if_any(text):
        assert problem.startswith(("line ", "is empty", "holds "))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        [
            "recipe",
            "name",
            "input",
            "output",
            "quality",
            "defaults",
            "variables",
            "checks",
            "cluster",
        ]
    ),
)
def test_any_value_at_any_key_is_an_error_that_names_it(value: object, key: str) -> None:
    import yaml

    data = yaml.safe_load(HEAD) | {key: value}
    text = yaml.safe_dump(data, allow_unicode=True)
    for problem in problems_if_any(text):
        assert problem.startswith("line ")


def test_no_value_of_any_key_shows_a_message_of_the_machinery() -> None:
    values = ["[]", "{}", "null", "true", "3", "x", "[1, a]", "{a: 1}", ".nan", '""']
    places = [
        "input: {files: a, %s: V}", "output: {store: a, %s: V}", "defaults: {%s: V}",
        "variables: {t: {%s: V}}", "checks: {%s: V}", "cluster: {%s: V}",
        "checks: {metrics: [{file: x.py, name: f, %s: V}]}",
        "checks: {suites: {spectral: {%s: V}}}",
    ]  # fmt: skip
    keys = [
        ["engine", "group", "combine"], ["access", "chunks", "shard_size"],
        ["codecs", "rounding", "on_fail", "portable", "optional"],
        ["bound", "class", "keep_zeros", "codecs", "rounding", "portable", "valid_range", "exact",
         "on_fail", "skip", "optional"],
        ["limits", "require", "off", "on_fail", "suites", "full", "metrics"],
        ["kind", "workers", "memory"],
        ["unit", "warn", "fail", "better", "variables", "every", "over"], ["every", "basis"],
    ]  # fmt: skip
    for place, names in zip(places, keys, strict=True):
        section = place.partition(":")[0]
        head = "".join(line for line in HEAD.splitlines(True) if not line.startswith(section))
        for name in names:
            for value in values:
                text = head + (place % name).replace("V", value) + "\n"
                for problem in problems_if_any(text):
                    assert problem.startswith("line ")
                    assert "Value error" not in problem
                    assert "Input should" not in problem


def test_search_is_read_and_written() -> None:
    recipe = parse_recipe(HEAD + "search: {max_share: 2.5 %, loosest: 3}\n")
    assert (recipe.search.max_share, recipe.search.loosest) == (0.025, 3.0)
    written = {"max_share": "2.5 %", "loosest": 3.0, "learn_from": None}
    assert recipe.model_dump(mode="json")["search"] == written


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("search: {max_share: 5}", 'wanted a share of the run such as "5 %"'),
        ("search: {max_share: 120 %}", '"0 %" (no search) to "100 %"'),
        ("search: {max_share: -1 %}", "wanted a share of the run"),
        ("search: {loosest: 0.5}", "from 1 (no looser) to 10"),
        ("search: {loosest: 11}", "from 1 (no looser) to 10"),
        ("search: {loosest: lots}", "how many times looser"),
        ("search: {maxshare: 5 %}", "did you mean"),
        ("search: {loosest: 2}\nquality: bounds", "search is for quality: climate"),
        ("search: {loosest: 2}\nquality: {information: 0.99}", "with quality: information"),
    ],
)
def test_a_search_that_cannot_be_is_an_error(text: str, found: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(HEAD + text + "\n")
    assert found in str(caught.value)
