"""Coverage-guided fuzzing of all that reads input: `python -m eval.fuzz --seconds 60` (each of the targets).

It needs atheris (`pip install atheris`), for which there are wheels for Linux and macOS only. Inputs that break a
promise of eval.hostile are kept, one for each place in the code, in runs/fuzz/; the corpus that has been found stays
there too, and the next run goes on from it.
"""

import argparse
import gzip
import hashlib
import io
import json
import logging
import lzma
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import Any

import yaml

SEEDS = Path(__file__).with_name("seeds.yaml")
RUNS = Path("runs/fuzz")
SECONDS = (2.0, 20.0)  # of processor time: for any input, and for each megabyte of it
LONGEST = 256  # bytes of an input, or twice the longest seed
LAST = re.compile(r"#\d+\s+\w+\s+cov: (\d+) ft: (\d+)")
DONE = re.compile(r"^Done \d+ runs", re.MULTILINE)
EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def seeds(target: str) -> Iterator[bytes]:
    """The inputs that fuzzing a target starts from."""
    table: dict[str, list[str]] = yaml.safe_load(SEEDS.read_text("utf-8"))
    texts = table.get(target) or table["articles .jsonl"]
    if target.endswith(".parquet"):
        import pyarrow
        from pyarrow import parquet

        file = io.BytesIO()
        parquet.write_table(pyarrow.table({"id": ["1"], "text": ["Сөз."], "published": ["2025-02-14"]}), file)
        yield file.getvalue()
        return
    for text in texts:
        content = text.encode()
        match target[-3:]:
            case ".gz":
                yield gzip.compress(content)
            case ".xz":
                yield lzma.compress(content)
            case _:
                yield content
    if target in ("encodings", "articles .txt", "articles .csv"):
        yield from (texts[0].encode(codec) for codec in ("utf-16", "kz1048"))


def words() -> str:
    """A dictionary in the form of libFuzzer's."""
    told = yaml.safe_load(SEEDS.read_text("utf-8"))["words"]
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in told)


def fuzz(target: str, check: Callable[[bytes], None], seconds: int) -> None:
    """Fuzz one target, with libFuzzer's log in its directory; never returns, for libFuzzer ends the process."""
    import atheris

    folder = _folder(target)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    longest = LONGEST
    for seed in seeds(target):
        longest = max(longest, 2 * len(seed))
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    (RUNS / "words").write_text(words(), "ascii")
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)

    def one(data: bytes) -> None:
        start = time.process_time()
        try:
            check(data)
        except Exception as error:
            _keep(folder, data, error)
        spent = time.process_time() - start
        if spent > SECONDS[0] + SECONDS[1] * len(data) / 1e6:
            _keep(folder, data, TimeoutError(f"{spent:.1f} seconds"))

    options = [f"-max_total_time={seconds}", f"-dict={RUNS / 'words'}", f"-max_len={longest}", "-print_final_stats=1"]
    limits = ["-timeout=120", "-rss_limit_mb=3000", f"-artifact_prefix={folder}/"]
    atheris.Setup(["fuzz", *options, *limits, str(corpus)], one)
    atheris.Fuzz()


def _folder(target: str) -> Path:
    return RUNS / target.replace(" ", "-")


def _keep(folder: Path, data: bytes, error: Exception) -> None:
    """Keep an input that broke a promise, the first for its place in the code, with what was broken."""
    frames = extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).stem}-{frames[-1].lineno}" if frames else "time"
    path = folder / f"{type(error).__name__}-{where}"
    if not path.exists():
        path.write_bytes(data)
        trace = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        path.with_suffix(".txt").write_text(f"{error!r}\n{trace}\n{data!r}\n", "utf-8", "replace")


def main() -> None:
    """Fuzz each target in a process of its own and print what was seen, a line of JSON a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="one of eval.hostile.TARGETS, instead of all of them")
    options = parser.parse_args()
    try:
        import atheris
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install atheris")
    with atheris.instrument_imports(include=["annotations", "infer", "models"]):
        from eval.hostile import TARGETS
    logging.disable()  # what is told of each file's encoding
    processes = multiprocessing.get_context("fork")  # so that all is imported once
    for target in options.target or TARGETS:
        process = processes.Process(target=fuzz, args=(target, TARGETS[target], options.seconds))
        process.start()
        process.join()
        print(json.dumps(_result(target)), flush=True)


def _result(target: str) -> dict[str, Any]:
    folder = _folder(target)
    log = (folder / "log").read_text("utf-8", "replace")
    executed, last = EXECUTED.search(log), LAST.findall(log)
    return {
        "target": target,
        "inputs": int(executed[1]) if executed else 0,
        "coverage": int(last[-1][0]) if last else 0,
        "features": int(last[-1][1]) if last else 0,
        "faults": sorted(path.stem for path in folder.glob("*.txt")),
        "crashed": not DONE.search(log),  # what its libraries' threads make of the end comes after this line
    }


if __name__ == "__main__":
    main()
