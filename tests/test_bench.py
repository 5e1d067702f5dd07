"""`malimet bench`: every contender is measured, or listed with the reason why not. No test asks for a speed."""

import json
import sys
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import SENTENCES
from rich.console import Console
from typer.testing import CliRunner

from eval.bench import bench, show, write
from eval.benchmark import (
    END_TO_END,
    IMPORT,
    ONE_ARTICLE,
    Benchmark,
    Contender,
    Memory,
    Speed,
    Spread,
    Start,
    bars,
)
from eval.contenders import CONTENDERS, ENGINE, OUR_PIPELINES, XLM_ROBERTA, Shape
from eval.machine import Machine
from eval.processes import run
from malimet.cli import app

TINY = Shape(vocab_size=10_100, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)


def contender(name: str, words: float) -> Contender:
    spread = Spread.of([words, 2 * words, words / 2])
    speed = Speed(articles=1, words_per_second=spread, documents_per_second=spread, first=1.0, memory=10**8)
    return Contender(name=name, speed=speed, not_measured=None)


def benchmark(contenders: tuple[Contender, ...], seconds: float, peaks: tuple[int, int]) -> Benchmark:
    starts = tuple(Start(name=name, seconds=Spread.of([seconds])) for name in (IMPORT, ONE_ARTICLE))
    memory = tuple(
        Memory(articles=count, peak=peak, words_per_second=1.0) for count, peak in zip((2, 9), peaks, strict=True)
    )
    found = bars(contenders, starts, memory)
    return Benchmark(machine=Machine.here(), texts=1, contenders=contenders, starts=starts, memory=memory, bars=found)


@pytest.mark.parametrize(
    ("words", "seconds", "peaks", "passed"),
    [
        # end to end, our pipeline one by one and in batches, XLM-R one by one and in batches
        ((5000, 100, 600, 50, 100), 0.3, (10**8, 10**8), [True, True, True, True, True, True]),
        ((4999, 100, 700, 50, 100), 0.5, (10**8, 2 * 10**8), [False, False, True, False, True, False]),
        ((9000, 700, 100, 90, 50), 1.5, (3 * 10**8, 3 * 10**8 + 1), [True, True, False, False, False, True]),
        ((9000, None, None, None, 50), 0.1, (10**6, 10**6), [True, None, True, True, True, True]),
    ],
)
def test_bars_are_held_to_the_fastest_of_the_others(
    words: tuple[float | None, ...], seconds: float, peaks: tuple[int, int], passed: list[bool | None]
) -> None:
    names = (END_TO_END, *OUR_PIPELINES, *XLM_ROBERTA)
    measured = tuple(contender(name, each) for name, each in zip(names, words, strict=True) if each)
    assert [bar.passed for bar in benchmark(measured, seconds, peaks).bars] == passed


def test_a_process_is_measured() -> None:
    program = "import sys; text = sys.stdin.read(); data = b'1' * 2**26; print(text[::-1])"
    ended = run([sys.executable, "-c", program], "мал")
    assert (ended.code, ended.output, ended.failure) == (0, "лам\n", None)
    assert ended.seconds > 0
    assert 2**26 < ended.peak < 2**36


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("import sys; sys.exit('a reason\\n')", "a reason"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL, as when memory runs out"),
        ("import os; os.kill(os.getpid(), 15)", "ended by SIGTERM"),
    ],
)
def test_a_process_that_fails_tells_why(program: str, why: str) -> None:
    assert run([sys.executable, "-c", program]).failure == why


def test_files_are_the_same_each_time(tmp_path: Path) -> None:
    missing = Contender(name="other", speed=None, not_measured="gliner is not installed")
    result = benchmark((contender(END_TO_END, 5000), contender(ENGINE, 9000), missing), 0.1, (1, 1))
    write(result, tmp_path / "a.json")
    write(result, tmp_path / "b.json")
    assert Benchmark.model_validate_json((tmp_path / "a.json").read_text("utf-8")) == result
    for suffix in (".json", ".svg"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    words = {text.text for text in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")}
    assert {END_TO_END, ENGINE, "5,000", "9,000"} <= words
    assert "var(" not in (tmp_path / "a.svg").read_text("utf-8")  # it stands in no page
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "a.svg", "b.json", "b.svg"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "bench.html"], "bench.html: the figures are written as a .json file"),
        (["-o", "missing/bench.json"], "there is no directory missing"),
        (["-o", "texts.json", "--texts", "texts.json"], "would be overwritten"),
        (["--texts", "missing.jsonl"], "missing.jsonl does not exist"),
        (["--texts", "empty.jsonl"], "empty.jsonl: there is no article in it"),
        (["--texts", "bad.jsonl"], "bad.jsonl line 1"),
    ],
)
def test_what_cannot_be_measured_is_told_at_once(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.jsonl").write_text('{"id": "a", "text": " "}\n', "utf-8")
    Path("bad.jsonl").write_text('{"id": "a"}\n', "utf-8")
    done = CliRunner().invoke(app, ["bench", *arguments])
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.slow
def test_a_small_bench(tmp_path: Path) -> None:
    """All is run once, with encoders of other sizes than XLM-R's; the texts are the tests' own."""
    texts, output = tmp_path / "texts.jsonl", tmp_path / "bench.json"
    lines = [json.dumps({"id": str(number), "text": text}) for number, (text, _) in enumerate(SENTENCES)]
    texts.write_text("\n".join(lines), "utf-8")
    printed = StringIO()
    result = bench(Console(file=printed, width=200), texts=texts, articles=20, output=output, repetitions=1, shape=TINY)
    assert json.loads(output.read_text("utf-8"))["bars"][0]["asked"] == "at least"
    assert output.with_suffix(".svg").exists()
    assert [each.name for each in result.contenders] == [END_TO_END, *CONTENDERS]
    assert result.texts == len(SENTENCES)
    assert [each.articles for each in result.memory] == [2, 20]
    installed = {name for name in ("gliner", "spacy") if find_spec(name)}
    for each in result.contenders:
        package = each.name.partition(",")[0].lower()
        if package in {"gliner", "spacy"} - installed:
            assert each.not_measured == f"{package} is not installed: pip install '{package}'"
            assert f"not measured: {each.name}: {each.not_measured}" in printed.getvalue()
        else:
            assert each.speed, each.not_measured
            assert each.speed.words_per_second.low > each.speed.documents_per_second.low > 0
            assert each.speed.first > 0
            assert each.speed.memory > 10**7
    assert all(start.seconds.low > 0 for start in result.starts)
    again = StringIO()
    show(Benchmark.model_validate_json(output.read_text("utf-8")), Console(file=again, width=200))
    assert again.getvalue() == printed.getvalue()
