"""The project's own corpus keeps the project's own rules."""

import re

import pytest
from conftest import ROOT

from annotations.checks import check
from annotations.formats import jsonl, label_studio
from annotations.labels import default_labels
from eval.records import ROLES, read_gold

CORPUS = ROOT / "annotations" / "corpus"


@pytest.mark.parametrize("side", ["train", "test"])
def test_annotations_are_sound_and_match_their_records(side: str) -> None:
    documents = list(label_studio.read(CORPUS / f"{side}.json"))
    gold = read_gold(CORPUS / f"{side}.records.jsonl")
    assert [document.id for document in documents] == list(gold)
    for document in documents:
        assert not check(document, default_labels())
        linked = {((r.source.start, r.source.end), r.role, (r.target.start, r.target.end)) for r in document.relations}
        told = {(m.value, role, m.roles[role]) for m in gold[document.id] for role in ROLES if m.roles[role]}
        assert linked == told


def test_the_sides_are_apart() -> None:
    train, test = ({d.text for d in label_studio.read(CORPUS / f"{side}.json")} for side in ("train", "test"))
    assert len(train) + len(test) >= 60
    assert len(test) == 20
    assert not train & test


def test_the_guidelines_cover_every_label_and_role() -> None:
    """Each with its hotkey, an example and a counter-example."""
    guidelines = (ROOT / "annotations" / "guidelines.md").read_text("utf-8")
    parts = re.split(r"^\*\*([A-Za-z_]+)\*\*|^#+ ", guidelines, flags=re.MULTILINE)
    texts = {name: text for name, text in zip(parts[1::2], parts[2::2], strict=True) if name}
    labels = default_labels()
    for name in (*labels.names(), *(role.name for role in labels.roles)):
        assert {"✓", "✗"} <= set(texts[name]), name
    for label in labels.labels:
        assert f"| {label.name} | {label.kk} | {label.en} | {label.hotkey} |" in guidelines


def test_the_exercise_is_sound() -> None:
    for document in jsonl.read(ROOT / "annotations" / "exercise.jsonl"):
        assert not check(document, default_labels())
