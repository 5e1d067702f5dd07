"""A real Label Studio for the tests: its own environment, data and port, on this machine only."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ADMIN, PASSWORD = "admin@example.com", "first-secret"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
START = 180.0  # seconds that a fresh server may take
SETTINGS = {
    "LABEL_STUDIO_USERNAME": ADMIN,
    "LABEL_STUDIO_PASSWORD": PASSWORD,
    "LABEL_STUDIO_USER_TOKEN": TOKEN,
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",  # the ML backend of the tests is on this machine
    "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
    "LATEST_VERSION_CHECK": "false",
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}


def executable() -> str | None:
    """Label Studio's command: beside the tests' environment, as `make test` installs it, or on the path."""
    beside = Path(sys.prefix).parent / ".venv-label-studio" / "bin" / "label-studio"
    return str(beside) if beside.exists() else shutil.which("label-studio")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[bytes] | None" = None) -> bool:
    """Wait until a server answers on /health, or its process has ended."""
    end = time.monotonic() + START
    while time.monotonic() < end and (process is None or process.poll() is None):
        with suppress(URLError, ConnectionError, TimeoutError), urlopen(f"{url}/health", timeout=5):
            return True
        time.sleep(0.5)
    return False


class Server:
    """A Label Studio process over a directory of its own, which can be killed and started again on the same port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers: a busy port would send it to another one, where nobody asks."""
        command = [
            executable() or "",
            "start",
            "--no-browser",
            "--internal-host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        log = (self.directory / "log").open("ab")
        self._process = subprocess.Popen(
            command,
            env=os.environ | SETTINGS | {"LABEL_STUDIO_BASE_DATA_DIR": str(self.directory)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        if not wait_for(self.url, self._process):
            self.kill()
            raise RuntimeError(f"Label Studio did not start: {(self.directory / 'log').read_text('utf-8')[-2000:]}")

    def kill(self) -> None:
        """End it at once, by its process id."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def version() -> str:
    """Label Studio's version: asking its own command would start a server."""
    python = Path(executable() or "").with_name("python")
    code = "from importlib.metadata import version; print(version('label-studio'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
