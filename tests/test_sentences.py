"""Sentences: a table of texts cut by hand (sentences.yaml), and what holds for every text."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.sentences import split

TABLE = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text("utf-8"))
ROWS = [row for rows in TABLE.values() for row in rows]
CUTS = re.compile(r" \| |\+")


@pytest.mark.parametrize("row", ROWS)
def test_table(row: str) -> None:
    text = row.replace(" | ", " ").replace("+", "")
    assert [text[start:end] for start, end in split(text)] == CUTS.split(row)


def test_line_break_ends_a_headline() -> None:
    text = "Көктемгі егіс басталды\n\n  Облыста 40 мың гектар жер\r\nжыртылды. "
    expected = ["Көктемгі егіс басталды", "Облыста 40 мың гектар жер", "жыртылды."]
    assert [text[start:end] for start, end in split(text)] == expected


_TEXTS = st.text() | st.lists(st.sampled_from([*'аАқҚ1.!?…«»"–- \n()', "т.б.", "млрд", "Ол"])).map("".join)


@given(_TEXTS)
def test_sentences_are_ordered_trimmed_and_cover_the_text(text: str) -> None:
    sentences = split(text)
    edges = [offset for sentence in sentences for offset in sentence]
    assert edges == sorted(edges)
    assert all(start < end and text[start:end] == text[start:end].strip() for start, end in sentences)
    covered = {offset for start, end in sentences for offset in range(start, end)}
    assert all(offset in covered or char.isspace() for offset, char in enumerate(text))


@pytest.mark.parametrize("piece", ["а", ".", "«", "а.", ". ", "аА", "абвАбв", '"', "1.", "т.", "– "])
def test_long_texts_end(piece: str) -> None:
    text = piece * 100_000  # a quadratic step would take hours
    assert split(text)[-1][1] == len(text.rstrip())
