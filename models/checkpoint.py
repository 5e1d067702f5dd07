"""A model directory: what stands in it and how it is opened without torch.

    config.json model.safetensors tokenizer.json tokenizer_config.json labels.yaml model.onnx README.md metrics.json

transformers reads it with AutoModelForTokenClassification.from_pretrained once `models.tagger` is imported.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from annotations.labels import LabelSet
from models.encoding import WindowEncoder

DEFAULT = Path(__file__).with_name("default")


@dataclass(frozen=True)
class Checkpoint:
    """An opened model directory. `tags` are the columns of the logits; `temperature` calibrates their probabilities."""

    path: Path
    name: str
    version: str
    tags: tuple[str, ...]
    labels: LabelSet
    temperature: float
    encoder: WindowEncoder

    @classmethod
    def open(cls, path: Path = DEFAULT) -> "Checkpoint":
        """Open a directory. Raises FileNotFoundError with what is missing, ValueError for a config that is not ours."""
        for name in ("config.json", "tokenizer.json", "labels.yaml"):
            if not (path / name).is_file():
                raise FileNotFoundError(f"{path} is no model directory: it has no {name}; `malimet train` writes one")
        config = json.loads((path / "config.json").read_text("utf-8"))
        if "malimet" not in config:
            raise ValueError(f"{path}/config.json has no `malimet` settings: was it written by `malimet train`?")
        settings = config["malimet"]
        id2label = config["id2label"]
        return cls(
            path=path,
            name=settings["name"],
            version=settings["version"],
            tags=tuple(id2label[str(number)] for number in range(len(id2label))),
            labels=LabelSet.load(path / "labels.yaml"),
            temperature=settings["temperature"],
            encoder=WindowEncoder(Tokenizer.from_file(str(path / "tokenizer.json")), size=settings["window"]),
        )
