"""A recipe: everything that decides how a model is trained, as YAML checked by pydantic."""

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from annotations.labels import default_labels
from annotations.mapping import WIDER, LabelMap
from models.tokenization import Kind as TokenizerKind
from train.augment import Kind

PROJECT, HUB = "label-studio://", "hf://"
ADDRESS = re.compile(r"label-studio://[0-9]+|hf://[\w.-]+/[\w.-]+(/[\w.-]+)?")


class Part(BaseModel):
    """Part of a recipe: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Optimisation(Part):
    """How long and how fast to learn.

    A step sees `batch_size` rows or windows, on however many processes, and in however many parts they go through the
    network one after another (`accumulate`): that changes the memory that a step takes, not what is learned. `bf16`
    computes in bfloat16 in training; weights and scores stay in fp32. `compile` is torch.compile.
    """

    steps: int | None = None
    epochs: float | None = None
    batch_size: int = Field(ge=1)
    accumulate: int = Field(1, ge=1)
    precision: Literal["fp32", "bf16"] = "fp32"
    compile: bool = False
    learning_rate: float
    warmup: float = Field(0.06, description="share of the steps")
    weight_decay: float = 0.01
    scheduler: str = "linear"

    @model_validator(mode="after")
    def _divides(self) -> "Optimisation":
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"batch_size: {self.batch_size} rows a step cannot be split into accumulate: {self.accumulate} parts of"
                " the same size"
            )
        return self


class Text(Part):
    """Unlabelled text, a passage a line; `share` of its lines is read."""

    path: Path
    share: float = Field(1.0, gt=0, le=1)
    licence: str | None = None

    @property
    def name(self) -> str:
        """What tells it from other texts."""
        return str(self.path)


class Encoder(Part):
    """Sizes of a new encoder; see models.tagger.MalimetConfig."""

    tokenizer: TokenizerKind = "bpe"
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int


class Pretraining(Part):
    """Masked language modelling, either of a new encoder with its own tokenizer, or going on from `base`."""

    texts: tuple[Text, ...]
    encoder: Encoder | None = None
    base: str | None = None
    row: int = Field(256, description="pieces a row")
    masked: float = 0.2
    optimisation: Optimisation


class Download(Part):
    """Where a file is on the network, and the SHA-256 that it must have."""

    url: str = Field(pattern=r"^https?://[^/]+/.*[^/]$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Source(Part):
    """Labelled documents. `path` is one of

    - a file or directory that annotations.formats.auto can read. With `download` it is fetched where it is not there;
    - `label-studio://7`: project 7 of the server that LABEL_STUDIO_URL names, with the token of LABEL_STUDIO_API_KEY,
      read as `malimet label pull` does, once for each `output`;
    - `hf://owner/name`, with `/configuration` behind it if there are several: a dataset of the Hugging Face hub,
      streamed once for each `output`;
    - a .parquet file, or a directory with a dataset: one that `save_to_disk` wrote, or files that `load_dataset` reads.

    `split` names the split of a dataset. See train.huggingface for its columns.

    `dev` is the share of document groups held out for choosing (1: all of them). `group` is a regular expression whose
    first group, found in a document's id, names the documents that must stay together; without it each stands alone.
    `labels` gives our labels for those of another scheme: see annotations.mapping.relabel. `weight` is how often each
    document is seen in an epoch: 2 is twice, 0.5 once for one half of the documents, the same half in every epoch and
    under every seed, and never for the other. Dev documents have no weight.
    """

    path: str
    split: str | None = None
    download: Download | None = None
    dev: float = Field(0.0, ge=0, le=1)
    group: str | None = None
    licence: str | None = None
    labels: LabelMap | None = None
    weight: float = Field(1.0, gt=0, allow_inf_nan=False)

    @property
    def name(self) -> str:
        """What tells it from other sources."""
        return f"{self.path} {self.split}" if self.split else self.path

    @property
    def title(self) -> str:
        """A short name that a file may have; no two addresses share one."""
        if self.path.startswith(HUB):
            return "--".join([*self.path.removeprefix(HUB).split("/"), str(self.split)])
        if self.path.startswith(PROJECT):
            return self.path.replace("://", "-")
        plain = Path(self.path).name.partition(".")[0]
        return f"{plain}-{self.split}" if self.split else plain

    @field_validator("path", mode="before")
    @classmethod
    def _path_or_address(cls, path: object) -> object:
        if "://" not in str(path):
            return str(Path(path)) if isinstance(path, str | Path) else path
        if not ADDRESS.fullmatch(str(path)):
            raise ValueError(
                f"{path} is no address of labelled documents: write {PROJECT}7, {HUB}owner/name or"
                f" {HUB}owner/name/configuration; a file on the network has a `path` and a `download`"
            )
        return path

    @model_validator(mode="after")
    def _fields_fit(self) -> "Source":
        if self.path.startswith(HUB) and not self.split:
            raise ValueError(f"{self.path}: name the `split` of the dataset, such as train")
        if "://" in self.path and self.download:
            raise ValueError(f"{self.path} is an address: `download` goes with the path of a file")
        if self.path.startswith(PROJECT) and (self.split or self.labels):
            raise ValueError(f"{self.path}: a project has no splits, and is in our labels")
        return self

    @field_validator("labels")
    @classmethod
    def _ours(cls, labels: LabelMap | None) -> LabelMap | None:
        targets = {ours.removesuffix(WIDER) for ours in (labels or {}).values() if ours}
        if unknown := targets - set(default_labels().names()):
            raise ValueError(f"{', '.join(sorted(unknown))}: there is no such label of ours")
        return labels


class Fetched(Source):
    """A source whose documents were brought to `file`. It is told and recorded as the source that the recipe names."""

    file: Path


class Distillation(Part):
    """Learning from teachers before fine-tuning: so many models are fine-tuned from the same encoder, each with a seed
    of its own, and the student learns the mean of their probabilities on unlabelled text."""

    teachers: int = Field(ge=1)
    texts: tuple[Text, ...]
    optimisation: Optimisation


class Finetuning(Part):
    """Token classification from the pre-trained encoder, or from `base`: a directory or a hub name."""

    sources: tuple[Source, ...]
    base: str | None = None
    window: int = Field(256, description="pieces a window, at most")
    every_piece: bool = Field(False, description="learn from every piece of a word, not only its first")
    dropout: float = Field(0.1, description="of a model of our own architecture")
    augment: dict[Kind, float] = Field({}, description="share of the documents that get a copy so changed")
    untaught: tuple[str, ...] = Field((), description="labels that dev may hold although nothing teaches them")
    average: int = Field(1, ge=1, description="the weights are the mean of those at the end of so many last epochs")
    optimisation: Optimisation


Choice = bool | int | float | str | None


class Range(Part):
    """Numbers from low to high, both possible; whole ones where both are. `log` looks evenly at orders of magnitude."""

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _not_empty(self) -> "Range":
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g}, which is more than high, {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low is {self.low:g}, of which there is no logarithm")
        return self


class Recipe(Part):
    """Pre-train, distil, fine-tune (each optional) and export. data paths are looked up in `data`, then here.

    `report_to` names integrations of transformers' Trainer; without it that is TensorBoard where it is installed.
    `search` has, by dotted key, the fields of `finetuning` that `malimet search` looks for better values of, each with
    a range or a list of choices; `malimet train` takes the values that stand in the recipe and passes over it.
    """

    name: str
    about: str = Field("", description="what the model card says of the data beyond their names and licences")
    data: Path
    output: Path
    seed: int = 1
    report_to: tuple[str, ...] | None = None
    pretraining: Pretraining | None = None
    distillation: Distillation | None = None
    finetuning: Finetuning | None = None
    search: dict[str, Range | tuple[Choice, ...]] = Field({})

    @field_validator("search")
    @classmethod
    def _of_the_fine_tuning(
        cls, search: dict[str, Range | tuple[Choice, ...]]
    ) -> dict[str, Range | tuple[Choice, ...]]:
        if others := [key for key in search if not key.startswith("finetuning.")]:
            raise ValueError(f"{', '.join(others)}: only fields of `finetuning` are searched")
        if empty := [key for key, values in search.items() if not values]:
            raise ValueError(f"{', '.join(empty)}: there is nothing to choose from")
        return search

    @model_validator(mode="after")
    def _begins_somewhere(self) -> "Recipe":
        if not self.pretraining and not self.finetuning:
            raise ValueError("the recipe has neither `pretraining` nor `finetuning`: there is nothing to do")
        if self.finetuning and not self.pretraining and not self.finetuning.base:
            raise ValueError("the recipe names no encoder: give `pretraining`, or `finetuning.base`")
        return self

    def inputs(self) -> list[Text | Source]:
        """All texts and sources that any stage reads."""
        return [
            *(self.pretraining.texts if self.pretraining else ()),
            *(self.distillation.texts if self.distillation else ()),
            *(self.finetuning.sources if self.finetuning else ()),
        ]


def find(source: Text | Source, data: Path) -> Path:
    """Where a text or source is: its path, looked up in the recipe's `data` directory, then in the working directory,
    or where it was brought."""
    if isinstance(source, Fetched):
        return source.file
    place = data / source.path
    return place if place.exists() else Path(source.path)


def load_recipe(path: Path, overrides: list[str] | None = None) -> Recipe:
    """Read a recipe; each override is `dotted.key=value` with the value in YAML.

    Raises ValueError for an override without `=` or below what has no fields, and pydantic.ValidationError for anything
    the recipe does not know.
    """
    tree: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    for override in overrides or []:
        key, equals, value = override.partition("=")
        if not equals:
            raise ValueError(f"{override!r} is no override: write key=value, for example seed=2")
        _put(tree, key, yaml.safe_load(value))
    return Recipe.model_validate(tree)


def with_values(recipe: Recipe, values: dict[str, Choice]) -> Recipe:
    """The recipe with other values, by dotted key, and with nothing left to search.

    Raises ValueError below what has no fields, and pydantic.ValidationError for a value that the recipe refuses.
    """
    tree = recipe.model_dump(mode="json", exclude_defaults=True, exclude={"search"})
    for key, value in values.items():
        _put(tree, key, value)
    return Recipe.model_validate(tree)


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set the field at a dotted key."""
    *parents, last = key.split(".")
    branch = tree
    for parent in parents:
        branch = branch.setdefault(parent, {})
        if not isinstance(branch, dict):
            raise ValueError(f"{key}: the recipe has no fields below {parent}")
    branch[last] = value
