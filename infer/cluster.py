"""A directory's job on the cores of a Ray cluster: the same parts, with the same bytes, as on one machine.

A task on this machine cuts the articles into parts (it also finds the ids that come twice), a pool of actors, each
with a model and a core, turns parts into the bytes of their files, and this process writes them. Only it and that task
need to see the articles and the directory; memory holds a few parts for each actor. A part is a row of a Ray Data
dataset, so that Ray gives the part of a worker that died to another one.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from annotations.checks import Problem
from annotations.formats import Reject
from infer.batch import SIZE, made_with, manifest, parts, to_part
from infer.extractor import Extractor
from infer.partitions import Manifest, Partitions, Tally, claimed
from infer.readers import Item, stream
from infer.rows import Columns

try:
    import ray
    import ray.data
except ImportError as error:
    raise ImportError("--engine ray needs the `ray` extra: pip install 'malimet[ray]'") from error

NETWORK = "onnx"  # the manifest's name for what runs the network: a directory's job may go on without Ray


@dataclass(frozen=True, slots=True)
class Job:
    """What the processes of a job have to know. `made_with` are the versions that all of them must have."""

    places: Sequence[str]
    columns: Columns
    model: Path
    format: str
    unique: bool
    made_with: Manifest
    size: int = SIZE


@dataclass(frozen=True, slots=True)
class Part:
    """A part to be read."""

    number: int
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Done:
    """A part that was read: what its files hold."""

    number: int
    files: Mapping[str, bytes]
    tally: Tally
    problems: list[Problem]


class Worker:
    """An actor with a model of its own, which it runs on one core."""

    def __init__(self, job: Job) -> None:
        """Raises ValueError where this machine has another Malimet or model than the one that started the job."""
        self._job = job
        self._extractor = Extractor.load(job.model, threads=1)
        if (found := made_with(self._extractor)) != job.made_with:
            raise ValueError(f"{os.uname().nodename} has {found}, and the job was started with {job.made_with}")

    def __call__(self, row: dict[str, Part]) -> dict[str, Done]:
        """Read a part."""
        number, problems = row["part"].number, list[Problem]()
        with TemporaryDirectory() as directory:
            partitions = Partitions(Path(directory), self._job.format)
            steps = to_part(
                self._extractor, number, row["part"].items, partitions, tell=problems.append, unique=self._job.unique
            )
            tally = sum(steps, Tally())
            return {"done": Done(number, partitions.files(number), tally, problems)}


def job(
    extractor: Extractor,
    model: Path,
    places: Sequence[str],
    columns: Columns,
    output: str,
    *,
    format: str | None,
    unique: bool,
    tell: Reject,
) -> Iterator[Tally]:
    """Write what `infer.batch.check` found can be written into a directory, on the cluster that RAY_ADDRESS names or
    else on this machine's cores. `model` is the directory of the extractor's model, and of each worker's.

    Raises as infer.batch.job, and OSError where there is no such cluster.
    """
    claim = manifest(places, columns, extractor, engine=NETWORK, unique=unique)
    whole = Job(places, columns, model, format or "jsonl", unique, made_with(extractor))
    with claimed(Path(output), whole.format, claim) as partitions, connected():
        yield from to_directory(whole, partitions, tell=tell)


def to_directory(job: Job, partitions: Partitions, *, tell: Reject) -> Iterator[Tally]:
    """Write the parts that are not finished, as they come, on the cluster that this process is connected to; count
    first what an earlier run wrote."""
    earlier = partitions.earlier()
    yield from earlier.values()
    elsewhere = replace(job, places=[_absolute(place) for place in job.places], model=job.model.absolute())
    rows = (
        ray.data.from_items([{"job": elsewhere, "finished": frozenset(earlier)}])
        .flat_map(_cut, num_cpus=0, label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()})
        .map(
            Worker,
            fn_constructor_args=[elsewhere],
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(min_size=_cores()),
        )
    )
    for row in rows.iter_rows():
        done: Done = row["done"]
        for problem in done.problems:
            tell(problem)
        partitions.put(done.number, done.files)
        partitions.finish(done.number, done.tally)
        yield done.tally


def _cut(row: dict[str, Any]) -> Iterator[dict[str, Part]]:
    job: Job = row["job"]
    for number, items in parts(stream(job.places, job.columns), job.size):
        if number not in row["finished"]:
            yield {"part": Part(number, list(items))}


def _absolute(place: str) -> str:
    """A task may run in another directory."""
    return place if "://" in place else str(Path(place).absolute())


def _cores() -> int:
    """Those that the cluster has now: when it grows, the pool does too."""
    return int(ray.cluster_resources()["CPU"])


@contextmanager
def connected(cores: int | None = None) -> Iterator[None]:
    """A connection by Ray's own conventions, or a cluster of so many `cores` on this machine.

    Raises OSError with the last line of what went wrong on the cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # standard error is for the job: Ray has files for its logs
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"ray\.data")  # such as of an archive with fewer parts than workers
    with ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL):
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.target_max_block_size = context.target_min_block_size = 1  # a part is a block, which one actor reads
        try:
            yield
        except ray.exceptions.RayError as error:
            raise OSError(f"on the cluster: {str(error).splitlines()[-1]}") from error
