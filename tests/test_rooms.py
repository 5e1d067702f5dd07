"""The rooms import downwards only, and reading articles works where torch is not installed."""

import subprocess
import sys

from conftest import ROOT


def test_import_directions() -> None:
    """In a process of its own, for import-linter switches all loggers off."""
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_extracting_needs_no_torch() -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'datasets', 'seqeval']))\n"
        "from malimet import Extractor\n"
        "print(Extractor.load().extract('Биыл 14 жәрмеңке өтті.').metrics[0].number)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "14"


def test_evaluating_needs_no_training_extra() -> None:
    """The `eval` extra is enough."""
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'datasets', 'accelerate']))\n"
        "import eval.report"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_the_command_line_starts_light() -> None:
    """Help and usage errors wait for no model: what reads articles is imported when it is asked for."""
    code = "import sys, malimet.cli; assert not {'numpy', 'onnxruntime', 'infer.extractor'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
