"""What several tests share."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from annotations.document import Document, Span
from annotations.formats import label_studio

settings.register_profile("malimet", deadline=None)  # a busy machine is no failure
settings.load_profile("malimet")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--screenshots DIRECTORY`: where the browser's pictures for the README go."""
    parser.addoption("--screenshots", help="a directory for pictures of the pages")


ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the tests download and tokenise stays apart from what the user's own recipes did."""
    os.environ["MALIMET_CACHE"] = str(tmp_path_factory.mktemp("cache"))


# (text, marks): a mark is the text of a span and its label; all texts and figures are invented.
SENTENCES = [
    ("Биыл 14 жәрмеңке өтті.", [("Биыл", "DATE"), ("14", "CARDINAL"), ("жәрмеңке", "INDICATOR"), ("өтті", "ACTION")]),
    (
        "Қордайда 9 мектеп салынды.",
        [("Қордайда", "GPE"), ("9", "CARDINAL"), ("мектеп", "INDICATOR"), ("салынды", "ACTION")],
    ),
    (
        "Былтыр 120 отбасы көшті.",
        [("Былтыр", "DATE"), ("120", "CARDINAL"), ("отбасы", "INDICATOR"), ("көшті", "ACTION")],
    ),
    ("Сәкен Оразов Текеліде сөйледі.", [("Сәкен Оразов", "PERSON"), ("Текеліде", "GPE")]),
    ("Ауданға 4,7 млрд.теңге бөлінді.", [("4,7 млрд.теңге", "MONEY"), ("бөлінді", "ACTION")]),
    (
        "Оған 300-ден астам шаруа қатысты.",
        [("300-ден астам", "CARDINAL"), ("шаруа", "INDICATOR"), ("қатысты", "ACTION")],
    ),
]


def mark(number: int, text: str, marks: list[tuple[str, str]], **fields: object) -> Document:
    """A document whose spans are the first places of the marked words."""
    spans = [Span(text.index(words), text.index(words) + len(words), label) for words, label in marks]
    return Document(f"s{number}", text, tuple(spans), **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def documents() -> list[Document]:
    """A handful of sentences, labelled in full."""
    return [mark(number, text, marks) for number, (text, marks) in enumerate(SENTENCES)]


def tiny_recipe(directory: Path, documents: list[Document], dev: list[Document], **finetuning: object) -> Path:
    """A recipe, with its data, for a model small enough to train in seconds."""
    label_studio.write(documents, directory / "train.json")
    label_studio.write(dev, directory / "dev.json")
    (directory / "text.txt").write_text("\n".join(text for text, _ in SENTENCES * 20), "utf-8")
    recipe = {
        "name": "tiny",
        "data": str(directory),
        "output": str(directory / "run"),
        "pretraining": {
            "texts": [{"path": "text.txt"}],
            "encoder": {
                "vocab_size": 400,
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 64,
            },
            "row": 64,
            "optimisation": {"steps": 3, "batch_size": 4, "learning_rate": 0.001},
        },
        "finetuning": {
            "sources": [{"path": "train.json"}, {"path": "dev.json", "dev": 1}],
            "window": 32,
            "dropout": 0.0,
            "optimisation": {"epochs": 40, "batch_size": 2, "learning_rate": 0.01},
            **finetuning,
        },
    }
    path = directory / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, allow_unicode=True), "utf-8")
    return path
