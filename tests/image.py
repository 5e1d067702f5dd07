"""Builds the stages of a Dockerfile without a Docker daemon, and runs commands in them: the root directory of each is
an overlay over this machine's, and a virtual environment stands for the Python of the base image."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dockerfile_parse import DockerfileParser

PYTHON = "/opt/image"  # the virtual environment


@dataclass
class Stage:
    """A stage: the files that differ from this machine's, in `top`, and what its instructions have set."""

    top: Path
    user: str = "0"
    workdir: str = "/"
    healthcheck: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def run(self, script: str, *, mounts: Sequence[tuple[Path, str]] = (), read_only: bool = False) -> str:
        """Run a shell script as the stage's user and return what it prints; what it writes stays in the stage. Each of
        `mounts` is a path of this machine and where it is seen.

        Raises RuntimeError, with all that was printed, when the script fails.
        """
        root, work = self.top.with_suffix(".root"), self.top.with_suffix(".work")
        for directory in (root, work, self.inside(self.workdir)):
            directory.mkdir(parents=True, exist_ok=True)
        pip = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_")]
        inner = ["env", "-i", f"PATH={PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin", *pip, "sh", "-ec"]
        steps = [
            f"mount -t overlay overlay -o lowerdir=/,upperdir={self.top},workdir={work} {root}",
            f"mount --rbind /dev {root}/dev",
            f"mount --rbind /proc {root}/proc",
        ]
        for source, target in mounts:
            seen = root / target.lstrip("/")
            make = f"mkdir -p {seen}" if source.is_dir() else f"mkdir -p {seen.parent} && touch {seen}"
            steps += [make, f"mount --bind {source} {seen}"]
        if read_only:
            steps += [f"mount -o remount,ro {root}"]
        chroot = ["chroot", f"--userspec={self.user}:{self.user}", str(root), *inner, f"cd {self.workdir}\n{script}"]
        steps += [f"exec {shlex.join(chroot)}"]
        unshared = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", "\n".join(steps)]
        done = subprocess.run(unshared, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def inside(self, path: str) -> Path:
        """Where a path of the stage lies that differs from this machine's."""
        return self.top / path.lstrip("/")


class Builder:
    """The stages of the Dockerfile in `context`, built below `directory` as they are asked for."""

    def __init__(self, context: Path, directory: Path) -> None:
        self._context, self._directory = context, directory
        self._stages: dict[str, Stage] = {}
        self._parts: dict[str, list[tuple[str, str]]] = {}
        with (context / "Dockerfile").open("rb") as file:
            for part in DockerfileParser(fileobj=file).structure:
                if part["instruction"] == "FROM":
                    below, _, name = part["value"].split()
                    self._parts[name] = [("FROM", below)]
                elif part["instruction"] != "COMMENT":
                    self._parts[name].append((part["instruction"], part["value"]))

    def build(self, name: str) -> Stage:
        """Build a stage, and before it those that it stands on or takes from."""
        if name in self._stages:
            return self._stages[name]
        (_, below), *parts = self._parts[name]
        parent = self.build(below) if below in self._parts else self._python()
        top = self._directory / name
        subprocess.run(["cp", "--archive", parent.top, top], check=True)  # with what overlays mark as removed
        stage = self._stages[name] = replace(parent, top=top)
        for instruction, value in parts:
            self._do(stage, instruction, value)
        return stage

    def _do(self, stage: Stage, instruction: str, value: str) -> None:
        match instruction:
            case "WORKDIR":
                stage.workdir = value
            case "USER":
                stage.user = value
            case "COPY":
                source, target = value.split()
                found, place = self._context / source, stage.inside(stage.workdir) / target
                if found.is_dir():
                    shutil.copytree(found, place, dirs_exist_ok=True)
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(found, place)
            case "RUN":
                mount, _, script = value.rpartition(",target=") if value.startswith("--mount") else ("", "", value)
                target, _, script = script.partition(" ") if mount else ("", "", script)
                stage.run(script, mounts=[(self._source(mount), target)] if mount else [])
            case "HEALTHCHECK":
                stage.healthcheck = json.loads(value.removeprefix("CMD "))
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(value)
            case "CMD":
                stage.command = json.loads(value)
            case "EXPOSE":
                pass
            case _:
                raise NotImplementedError(f"{instruction} {value}")

    def _source(self, mount: str) -> Path:
        """What `--mount=type=bind,[from=STAGE,]source=PATH` shows."""
        options = dict(option.split("=", 1) for option in mount.removeprefix("--mount=").split(","))
        if "from" in options:
            return self.build(options["from"]).inside(options["source"])
        return self._context / options["source"]

    def _python(self) -> Stage:
        """The base image: this machine, with a virtual environment that everyone may read."""
        if "" not in self._stages:
            top = self._directory / "python"
            top.mkdir()
            self._stages[""] = Stage(top)
            home = shlex.quote(str(Path.home()))
            self._stages[""].run(f"chmod o+x {home}; {sys.base_prefix}/bin/python3 -m venv {PYTHON}")
        return self._stages[""]
