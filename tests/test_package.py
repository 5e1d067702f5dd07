"""What is built works away from the repository: the wheel, and the sdist, with the model and the label set inside."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow
PROGRAM = """
import malimet, sys
print(malimet.__file__)
print(malimet.Extractor.load().extract(sys.argv[1]).metrics[0].number)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return directory


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_installed_elsewhere(built: Path, tmp_path: Path, pattern: str) -> None:
    (package,) = built.glob(pattern)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(package)], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "Биыл 14 жәрмеңке өтті."],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    where, number = done.stdout.split()
    assert where.startswith(str(tmp_path))
    assert number == "14"
