"""What a job costs on a cluster: CPU seconds by number of articles and of workers, on this machine.

Run as `python -m eval.scaling figures.json 2 400`: two workers read the project's test articles, over and over, until
they have read 400. The row is added to the file, and the cost over all its rows printed.
"""

import json
import os
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from annotations.formats import auto
from infer import batch, cluster
from infer.extractor import Extractor
from infer.partitions import Partitions
from infer.rows import DEFAULT
from models import checkpoint

ARTICLES = Path(__file__).parent.parent / "annotations" / "corpus" / "test.json"
SIZE = 20  # articles a part

Row = dict[str, float]


def measure(workers: int, articles: int) -> Row:
    """CPU seconds of the workers, and of what reads and writes, for so many articles on a cluster of this machine."""
    texts = [document.text for document in auto.read(ARTICLES)]
    with TemporaryDirectory() as directory, cluster.connected(cores=workers):
        source = Path(directory) / "articles.jsonl"
        with source.open("w", encoding="utf-8") as file:
            for number, text in enumerate(islice(cycle(texts), articles)):
                print(json.dumps({"id": str(number), "text": text}), file=file)
        made_with = batch.made_with(Extractor.load(threads=1))
        job = cluster.Job([str(source)], DEFAULT, checkpoint.DEFAULT, "jsonl", False, made_with, SIZE)
        partitions = Partitions(Path(directory) / "out", job.format)
        seconds, start, own = dict[str, float](), time.monotonic(), time.process_time()
        for _ in cluster.to_directory(job, partitions, tell=print):
            seconds |= _cpu_seconds("ray::MapWorker")
        return {
            "workers": workers,
            "articles": articles,
            "words": sum(len(text.split()) for text in islice(cycle(texts), articles)),
            "worker CPU seconds": sum(seconds.values()),
            "driver CPU seconds": time.process_time() - own,
            "seconds": time.monotonic() - start,
        }


def cost(rows: list[Row]) -> tuple[float, float, float]:
    """By least squares over rows, the CPU seconds of a worker's start and of an article, and the largest relative
    error of what they predict."""
    causes = np.array([[row["workers"], row["articles"]] for row in rows])
    seconds = np.array([row["worker CPU seconds"] for row in rows])
    (start, article), *_ = np.linalg.lstsq(causes, seconds)
    return float(start), float(article), float(np.max(np.abs(causes @ [start, article] - seconds) / seconds))


def _cpu_seconds(name: str) -> dict[str, float]:
    """Those that each running process of this name has used, from Linux's /proc."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_text().startswith(name):
                fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
                found[process.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue  # it has ended
    return found


def main(figures: Path, workers: int, articles: int) -> None:
    """Measure, add the row to the file, and print the cost."""
    rows: list[Row] = json.loads(figures.read_text("utf-8")) if figures.exists() else []
    rows.append(measure(workers, articles))
    figures.write_text(json.dumps(rows, indent=2), "utf-8")
    print(rows[-1])
    if len(rows) > 2:
        print("CPU seconds: start of a worker {:.2f}, article {:.4f}; largest error {:.1%}".format(*cost(rows)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
