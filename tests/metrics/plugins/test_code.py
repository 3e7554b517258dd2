"""A file that cannot be used says at once what is wrong with it, and at which line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp.errors import MetricError
from climcomp_metrics import OwnMetric, read_own_metric
from climcomp_metrics.plugins.code import find_metric, run_file

MakeOwn = Callable[..., OwnMetric]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(original, decoded grid): pass", "my_metrics.py, line 1 is no valid Python"),
        ("x = 1\n\n1/0\n", "ZeroDivisionError: division by zero (my_metrics.py line 3)"),
        ("import a_package_that_is_not_there", "installed packages only, not files beside it"),
        ("raise SystemExit(3)", "my_metrics.py does not run: SystemExit: 3"),
        ("def front(o, d, g): pass", "has no 'f'; it defines front"),
        ("def ff(o, d, g): pass", "did you mean 'ff'?"),
        ("import numpy as np", "it defines none"),
        ("f = 3", "is int, wanted a function f(original, decoded, grid) or a class"),
        ("def f(original, decoded): pass", "takes (original, decoded), wanted f(original, dec"),
        ("def f(a, b, c, d): pass", "takes (a, b, c, d), wanted"),
        ("class f:\n def of(self, o, d, g): pass", "has no value, wanted of(self, original"),
        ("class f: pass", "has no of and no value"),
        ("class f:\n def of(self, o): 0\n def value(self, s): 0", "its of takes (o), wanted"),
        ("class f:\n def of(self, o, d, g): 0\n def value(self): 0", "its value takes ()"),
        (
            "class f:\n def __init__(self, n): 0\n def of(self, o, d, g): 0\n"
            " def value(self, s): 0",
            "cannot be made without arguments",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(own: MakeOwn, code: str, said: str) -> None:
    with pytest.raises(MetricError) as error:
        own("f", code)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "code",
    [
        "def f(*anything): return 1.0",
        "def f(original, decoded, grid, power=2): return 1.0",
        "f = lambda original, decoded, grid: 1.0",
        "from functools import partial\ndef g(p, o, d, grid): return p\nf = partial(g, 2)",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass A:\n    x: int = 1\ndef f(original, decoded, grid): return A().x",
        "class f:\n    def of(self, original, decoded, grid): return {'n': 1}\n"
        "    def value(self, sums): return sums['n']",
    ],
)
def test_whatever_can_be_called_is_taken(own: MakeOwn, code: str) -> None:
    assert find_metric(own("f", code)) is not None


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetricError, match=r"absent\.py cannot be read: No such file"):
        read_own_metric(tmp_path / "absent.py", "f")
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    with pytest.raises(MetricError, match="no text in UTF-8"):
        read_own_metric(tmp_path / "latin.py", "f")
    (tmp_path / "large.py").write_bytes(b"#" * 1_000_001)
    with pytest.raises(MetricError, match="over 1,000,000 bytes"):
        read_own_metric(tmp_path / "large.py", "f")


def test_the_same_text_runs_once_however_often_it_is_asked_for(own: MakeOwn) -> None:
    first, second = own("bias"), own("likeness")
    assert run_file(first) is run_file(second)


def test_a_declaration_without_its_code_does_not_run(own: MakeOwn) -> None:
    stored = OwnMetric.from_dict(own("bias", fail=0.1).to_dict())
    assert stored == own("bias", fail=0.1)
    assert not stored.code
    with pytest.raises(MetricError, match=r"the code of my_metrics\.py is not there"):
        find_metric(stored)


def test_a_file_with_a_byte_order_mark_has_the_checksum_of_its_text(
    own: MakeOwn, tmp_path: Path
) -> None:
    plain = own("bias")
    text = (tmp_path / "my_metrics.py").read_text("utf-8")
    (tmp_path / "my_metrics.py").write_text(text, "utf-8-sig")
    assert read_own_metric(tmp_path / "my_metrics.py", "bias").sha256 == plain.sha256
