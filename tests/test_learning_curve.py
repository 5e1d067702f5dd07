"""How F1 grows with the labelled documents."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import tiny_recipe
from rich.console import Console
from typer.testing import CliRunner

from annotations.document import Document
from malimet.cli import app
from train.learning_curve import Point, doubling, learning_curve, shares_of
from train.recipe import Source, load_recipe

DEV = 300  # documents with ten spans each
SHORT = ["finetuning.optimisation={epochs: 2, batch_size: 2, learning_rate: 0.01}", "report_to=[]"]


def point(documents: int, f1: float, noise: int = 0) -> Point:
    """A share that reaches about this F1; the documents with errors are drawn by `noise`."""
    random = np.random.default_rng(noise)
    right = random.permutation(np.arange(10 * DEV) < f1 * 10 * DEV).reshape(DEV, 10).sum(axis=1)
    return Point(Fraction(documents, 800), documents, 0, {"news": right.tolist()}, {"news": [20] * DEV})


def curve(*scores: float) -> list[Point]:
    return [point(100 * 2**number, f1, noise=number) for number, f1 in enumerate(scores)]


def test_a_power_law_is_read_on() -> None:
    """Each doubling takes a fifth of the errors away: 0.40, 0.32, 0.256, 0.2048, and then 0.16384."""
    told = doubling(curve(0.6, 0.68, 0.744, 0.7952))
    assert told.why_not is None and told.gain
    assert told.expected == pytest.approx(0.836, abs=2e-3)
    assert told.gain[0] == pytest.approx(0.041, abs=2e-3)
    assert 0 < told.gain[1] < told.gain[0] < told.gain[2] < 0.06


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((0.6, 0.7), "2 shares are too few"),
        ((0.8, 0.802, 0.798, 0.801), "which may be none"),
        ((0.2, 0.8, 0.81, 0.82), "a power law does not fit"),
        ((0.8, 0.9, 1.0, 1.0), "nothing is wrong"),
    ],
)
def test_what_cannot_be_said_is_not_said(scores: Sequence[float], reason: str) -> None:
    told = doubling(curve(*scores))
    assert reason in str(told.why_not) and told.expected is None and told.gain is None


def test_each_source_counts_the_same() -> None:
    both = Point(Fraction(1), 9, 9, {"a": [1] * 10, "b": [0] * 90}, {"a": [2] * 10, "b": [2] * 90})
    assert both.scores() == {"a": (1, 1, 1), "b": (0, 0, 0), "mean": (0.5, 0.5, 0.5)}


def test_shares_grow_by_whole_groups(documents: list[Document]) -> None:
    """Two hundred documents in groups of 1 to 9, some of them in a source whose ids have another form."""
    sizes = [number % 9 + 1 for number in range(40)]
    names = [f"{'A' if part % 2 else 'B'}{group}.{part}" for group, size in enumerate(sizes) for part in range(size)]
    many = [replace(documents[0], id=name) for name in names]
    sources = [Source(path=Path("a"), group=r"A(\d+)"), Source(path=Path("b"), group=r"B(\d+)"), Source(path=Path("c"))]
    shares = shares_of(many, sources, seed=1)
    before: set[str] = set()
    for share, chosen in shares.items():
        ids = {document.id for document in chosen}
        groups = {name[1:].partition(".")[0] for name in ids}
        assert before < ids and ids == {name for name in names if name[1:].partition(".")[0] in groups}
        assert share * len(many) <= len(ids) < share * len(many) + 9
        before = ids
    assert list(shares) == [Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), 1] and len(before) == len(many)
    assert shares_of(many, sources, seed=2) != shares
    assert list(shares_of(many[:2], [], seed=1)) == [Fraction(1, 8), 1], "no share twice"


@pytest.mark.slow
def test_a_curve_is_drawn_and_goes_on(tmp_path: Path, documents: list[Document]) -> None:
    """Interrupted while the third of four shares is trained, then run again from the command line."""
    taught = [replace(document, id=f"{copy} {document.id}") for copy in range(2) for document in documents]
    recipe = tiny_recipe(tmp_path, taught, documents)
    chosen = load_recipe(recipe, SHORT)
    output = tmp_path / "run"

    class Interrupting(Console):
        """Presses Ctrl-C where the third share begins."""

        def rule(self, title: object = "", **_: object) -> None:
            if "share 1/2" in str(title):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learning_curve(chosen, Interrupting(file=io.StringIO()))
    done = {path: path.stat().st_mtime_ns for path in output.glob("learning-curve/*/scores.json")}
    assert sorted(path.parent.name for path in done) == ["1-4", "1-8"]
    finished = CliRunner().invoke(app, ["train", "--learning-curve", str(recipe), *SHORT], env={"COLUMNS": "160"})
    assert finished.exit_code == 0, finished.output
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    assert "wice the documents would bring" in finished.output
    assert not list(output.glob("learning-curve/**/checkpoint-*"))

    drawing = (output / "learning-curve.svg").read_bytes()
    report = json.loads((output / "learning-curve.json").read_text("utf-8"))
    assert [(each["share"], each["documents"]) for each in report["points"]] == [
        ("1/8", 2),
        ("1/4", 3),
        ("1/2", 6),
        ("1", 12),
    ]
    assert all(0 <= each["dev"]["dev"]["low"] <= each["dev"]["dev"]["f1-score"] <= 1 for each in report["points"])
    learning_curve(chosen, Console(quiet=True))
    assert (output / "learning-curve.svg").read_bytes() == drawing
    with pytest.raises(
        ValueError, match=r"1-8 was made from something else: .*learning_rate was 0\.01 and is now 0\.1"
    ):
        learning_curve(load_recipe(recipe, [*SHORT, "finetuning.optimisation.learning_rate=0.1"]), Console(quiet=True))
    with pytest.raises(ValueError, match="no `finetuning`"):
        learning_curve(load_recipe(recipe, ["finetuning=null"]), Console(quiet=True))
