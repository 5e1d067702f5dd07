"""The images: every step of the Dockerfile is run, and the default image reads an article as it will in production."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from image import Builder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = {
    "infer": ("parquet", "serve"),
    "label": ("labelstudio", "serve"),
    "train": ("parquet", "train"),
}
CUDA = re.compile(r"^(?:torch|triton|nvidia-|cuda-)")


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Of the files under version control. Their lock for training is without torch, which comes with gigabytes for
    graphics cards: the base image has the small one that the tests run on."""
    directory = tmp_path_factory.mktemp("image")
    probe = f"mount -t overlay overlay -o lowerdir=/,upperdir={directory}/a,workdir={directory}/b {directory}/c"
    for name in ("a", "b", "c", "context", "stages"):
        (directory / name).mkdir()
    if subprocess.run(["unshare", "--mount", "sh", "-c", probe], capture_output=True).returncode:
        pytest.skip("this machine or user may not mount an overlay")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        target = directory / "context" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    lock = directory / "context" / "requirements" / "train.txt"
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8"))
    lock.write_text("\n".join(entry for entry in entries if not CUDA.match(entry)), "utf-8")
    yield Builder(directory / "context", directory / "stages")
    shutil.rmtree(directory)  # gigabytes


@pytest.mark.slow
def test_the_default_image_reads_an_article(builder: Builder, tmp_path: Path) -> None:
    """As another user than root, and with a root directory that cannot be written to."""
    image = builder.build("infer")
    article = tmp_path / "a.txt"
    article.write_text("Биыл ауданда 14 жәрмеңке өтті.", "utf-8")
    read = [*image.entrypoint, "extract", "/mnt/a.txt"]
    found = image.run(shlex.join(read), mounts=[(article, "/mnt/a.txt")], read_only=True)
    assert json.loads(found)["metrics"][0]["number"] == 14
    assert image.run("id -u") == "10001\n"


@pytest.mark.slow
def test_the_default_image_serves(builder: Builder) -> None:
    image = builder.build("infer")
    serve, check = shlex.join([*image.entrypoint, *image.command]), shlex.join(image.healthcheck)
    wait = f"for attempt in $(seq 100); do {check} && break; sleep 0.3; done"
    image.run(f"{serve} & server=$!\n{wait}\n{check}\nkill $server; wait $server", read_only=True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "says"), [("label", "init"), ("train", "recipe")])
def test_the_other_images(builder: Builder, name: str, says: str) -> None:
    if name == "train":
        builder.build("base").run(f"pip install --quiet --constraint {ROOT}/constraints.txt torch")
    image = builder.build(name)
    assert says in image.run(shlex.join([*image.entrypoint, "--help"]))
    imports = {"label": "label_studio_sdk, fastapi", "train": "train.pipeline"}[name]
    image.run(f"python -c 'import {imports}'")


def test_the_locks_hold_what_the_packages_ask_for() -> None:
    """`make lock` was run after the last change of dependencies; every version comes with its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name, extras in LOCKS.items():
        entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").strip())
        locked = [entry for entry in entries if not entry.startswith("#")]
        assert all("--hash=sha256:" in entry for entry in locked)
        versions = {
            canonicalize_name(entry.partition("==")[0]): entry.partition("==")[2].split()[0] for entry in locked
        }
        for asked in map(Requirement, _asked(project, extras)):
            assert asked.specifier.contains(versions[canonicalize_name(asked.name)]), (name, asked)


def _asked(project: dict[str, Any], extras: Iterable[str]) -> Iterator[str]:
    yield from project["dependencies"]
    for extra in extras:
        for line in project["optional-dependencies"][extra]:
            nested = Requirement(line)
            if nested.name == project["name"]:
                yield from _asked(project | {"dependencies": []}, nested.extras)
            else:
                yield line


@pytest.mark.slow
def test_nothing_locked_has_a_known_vulnerability() -> None:
    """As far as a database of them can be asked."""
    for name in LOCKS:
        audit = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        done = subprocess.run([*audit, "-r", f"requirements/{name}.txt"], cwd=ROOT, capture_output=True, text=True)
        if "ConnectionError" in done.stderr:
            pytest.skip("no database of vulnerabilities can be reached")
        assert done.returncode == 0, done.stdout
