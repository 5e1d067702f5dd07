"""The model card, made from a run: nothing in it is typed by hand."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from annotations.scores import COLUMNS, cells
from train.recipe import Recipe, Source, Text

ENOUGH, WEAK = 10, 0.6
MEASURES = {"f1": "f1-score", "precision": "precision", "recall": "recall"}  # the hub's names and ours
LICENCES = {  # as recipes state them, and the hub's identifiers
    "MIT": "mit",
    "Apache-2.0": "apache-2.0",
    "CC0": "cc0-1.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY-SA 4.0": "cc-by-sa-4.0",
    "GPL-3.0": "gpl-3.0",
}


def model_card(recipe: Recipe, metrics: dict[str, Any]) -> str:
    """Markdown with the hub's front matter (Mitchell et al., FAT* 2019): data, recipe, figures, limits."""
    return "\n".join(
        [
            "---",
            _front_matter(recipe, metrics).to_yaml(),
            "---",
            f"# {recipe.name}",
            "",
            "Marks the names, dates, numbers, indicators and actions in Kazakh news for Malimet, which builds records"
            " from them.",
            "",
            "## Figures",
            "",
            "Strict IOB2 span scores of the ONNX model in this directory on the held-out dev documents, which chose"
            " between recipes; beside each micro-F1 its 95 % interval (bootstrap over documents).",
            "",
            *_scores(metrics["dev"]),
            "",
            f"The model has {metrics['parameters'] / 1e6:.1f} million parameters. Agreement of the exported models with"
            " torch on the same documents:",
            "",
            *_table(
                ("engine", "mean F1", "spans that differ from torch"),
                ((name, f"{row['f1']:.4f}", f"{row['differing']:.2%}") for name, row in metrics["parity"].items()),
            ),
            *_teachers(metrics["teachers"]),
            "## Data",
            "",
            *_table(
                ("", "documents", "spans", "spans that words cannot represent"),
                (
                    (name, f"{row['documents']}", f"{row['spans']}", f"{row['lost']:.2%}")
                    for name, row in metrics["data"].items()
                ),
            ),
            *(_sources("Labelled", recipe.finetuning.sources) if recipe.finetuning else []),
            *(_sources("Unlabelled, for pre-training", recipe.pretraining.texts) if recipe.pretraining else []),
            recipe.about,
            "",
            "## How it was trained",
            "",
            f"`malimet train` with the recipe in `metrics.json`, seed {recipe.seed}, commit {metrics['commit']}.",
            "",
            "## Use and limits",
            "",
            "For news and official prose in Kazakh written in Cyrillic. It has seen little speech, verse, Latin-script"
            " Kazakh or social media. Records built from its spans are to be checked by a person before anything rests"
            " on them.",
            "",
            f"Labels that it finds badly (F1 under {WEAK}, where dev holds at least {ENOUGH} spans):"
            f" {', '.join(_weak(metrics['dev'])) or 'none'}.",
            "",
        ]
    )


def _front_matter(recipe: Recipe, metrics: dict[str, Any]) -> ModelCardData:
    """What the hub reads of a card: https://huggingface.co/docs/hub/model-cards, the scores as its model-index.

    The licence is that of the sources if they all state the same one. Which other a model may have is not ours to say:
    the hub then shows `other`, with the card as its text. A base is named if it is on the hub.
    """
    base = recipe.finetuning.base if recipe.finetuning else None
    licences = {source.licence for source in recipe.inputs()}
    same = LICENCES.get(licences.pop() or "") if len(licences) == 1 else None
    return ModelCardData(
        language="kk",
        license=same or "other",
        license_name=None if same else "that-of-its-data",
        license_link=None if same else "README.md",
        library_name="malimet",
        pipeline_tag="token-classification",
        tags=["kazakh", "named-entity-recognition", "information-extraction", "onnx"],
        base_model=base if base and not Path(base).exists() else None,
        metrics=list(MEASURES),
        model_name=recipe.name,
        eval_results=[
            EvalResult(
                task_type="token-classification",
                task_name="Named entity recognition, strict IOB2 spans",
                dataset_type=name,
                dataset_name=f"{name} (held-out documents)",
                dataset_split="dev",
                metric_type=measure,
                metric_value=round(report["micro avg"][key], 4),
            )
            for name, report in metrics["dev"].items()
            for measure, key in MEASURES.items()
        ],
    )


def _scores(reports: dict[str, Any]) -> list[str]:
    lines = []
    for name, report in reports.items():
        lines += [f"### {name}", "", *_table(COLUMNS, (cells(label, row) for label, row in report.items()))]
    return lines


def _teachers(scores: dict[str, dict[str, float]]) -> list[str]:
    """What the teachers of a distilled model reach: how far chance in training alone moves a figure."""
    if not scores:
        return []
    sources = list(next(iter(scores.values())))
    rows = ((name, *(f"{row[source]:.3f}" for source in sources)) for name, row in scores.items())
    return ["Micro-F1 of its teachers, which differ by their seed alone:", "", *_table(("", *sources), rows)]


def _weak(reports: dict[str, Any]) -> list[str]:
    """Labels with a low F1, the lowest first, over all dev documents."""
    support: dict[str, float] = {}
    reached: dict[str, float] = {}
    for report in reports.values():
        for label, row in report.items():
            support[label] = support.get(label, 0) + row["support"]
            reached[label] = reached.get(label, 0) + row["support"] * row["f1-score"]
    f1 = {label: reached[label] / count for label, count in support.items() if count >= ENOUGH and "avg" not in label}
    return sorted((label for label in f1 if f1[label] < WEAK), key=f1.__getitem__)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table with an empty line behind it."""
    return [*(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)), ""]


def _sources(title: str, sources: tuple[Source, ...] | tuple[Text, ...]) -> list[str]:
    return [f"{title}:", "", *(f"- {source.name}: {source.licence or 'no licence stated'}" for source in sources), ""]
