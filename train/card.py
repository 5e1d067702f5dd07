"""The model card, made from a run: nothing in it is typed by hand."""

from typing import Any

from annotations.scores import COLUMNS, cells
from train.recipe import Recipe, Source, Text


def model_card(recipe: Recipe, metrics: dict[str, Any]) -> str:
    """Markdown with the hub's front matter (Mitchell et al., FAT* 2019): data, recipe, figures, limits."""
    return "\n".join(
        [
            "---",
            "language: [kk]",
            "pipeline_tag: token-classification",
            "library_name: malimet",
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
            "Agreement of the exported models with torch on the same documents:",
            "",
            "| engine | mean F1 | spans that differ from torch |",
            "| --- | --- | --- |",
            *(f"| {name} | {row['f1']:.4f} | {row['differing']:.2%} |" for name, row in metrics["parity"].items()),
            "",
            "## Data",
            "",
            "| | documents | spans | spans that words cannot represent |",
            "| --- | --- | --- | --- |",
            *(
                f"| {name} | {row['documents']} | {row['spans']} | {row['lost']:.2%} |"
                for name, row in metrics["data"].items()
            ),
            "",
            *_sources("Labelled", recipe.finetuning.sources),
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
            " Kazakh or social media. Labels with few spans (see the last column) are guesses more often than not."
            " Records built from its spans are to be checked by a person before anything rests on them.",
            "",
        ]
    )


def _scores(reports: dict[str, Any]) -> list[str]:
    lines = []
    for name, report in reports.items():
        rows = [COLUMNS, ["---"] * len(COLUMNS), *(cells(label, row) for label, row in report.items())]
        lines += [f"### {name}", "", *(f"| {' | '.join(row)} |" for row in rows), ""]
    return lines


def _sources(title: str, sources: tuple[Source, ...] | tuple[Text, ...]) -> list[str]:
    return [f"{title}:", "", *(f"- {source.path}: {source.licence or 'no licence stated'}" for source in sources), ""]
