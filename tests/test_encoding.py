"""Windows leave no character unread, and words carry every span that people mark."""

import pytest
from conftest import SENTENCES, mark
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.document import Span
from annotations.labels import default_labels
from infer.extractor import unread
from models.encoding import IGNORED, Window, WindowEncoder, tag
from models.tokenization import MASK, WORDS, train_tokenizer

TAGS = default_labels().tags
TOKENIZER = train_tokenizer([text for text, _ in SENTENCES], vocab_size=200)

texts = st.text(
    st.sampled_from("аәбқЖҒ 19.,-«»\u00a0\u200b\u0301\n\U0001f600𝒜x") | st.characters(codec="utf-8"), max_size=120
)


@settings(max_examples=300)
@given(text=texts, size=st.integers(2, 40))
def test_every_character_is_read_in_one_window(text: str, size: int) -> None:
    windows = WindowEncoder(TOKENIZER, size=size).encode(text)
    decided = [window.words[position] for window in windows for position in window.decided]
    assert unread(text, windows) == 0
    assert decided == sorted(set(decided))
    for window in windows:
        assert len(window.ids) <= max(size, max(window.counts))
        assert [sum(window.counts[:number]) for number in range(len(window.words))] == window.firsts


def test_a_long_sentence_is_decided_with_context_on_both_sides() -> None:
    words = " ".join(f"сөз{'а' * (number % 7)}" for number in range(300))
    windows = WindowEncoder(TOKENIZER, size=64).encode(words)
    assert len(windows) > 3
    for window in windows[1:-1]:
        assert window.decided.start > 0
        assert window.decided.stop < len(window.words)


def test_special_tokens_of_other_tokenizers_stay_around_each_window() -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = train_tokenizer([text for text, _ in SENTENCES], vocab_size=200)
    mask = tokenizer.token_to_id(MASK)
    tokenizer.post_processor = TemplateProcessing(single="[MASK] $A [MASK]", special_tokens=[(MASK, mask)])
    (window,) = WindowEncoder(tokenizer, size=64).encode("Биыл 14 жәрмеңке өтті.")
    assert window.ids[0] == window.ids[-1] == mask
    assert window.firsts[0] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("300-ден астам", ["300", "-", "ден", "астам"]),
        ("4,7 млрд.теңге", ["4", ",", "7", "млрд", ".", "теңге"]),
        ("аяқталдыКездесуде", ["аяқталды", "Кездесуде"]),
        ("8\u00a0236 адам", ["8", "236", "адам"]),
        ("66%-і", ["66", "%", "-", "і"]),
        ("ЖШСның ҚазТАГ", ["ЖШС", "ның", "Қаз", "ТАГ"]),
        ("Қаз\u00adақстан", ["Қаз\u00adақстан"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word for word, _ in WORDS.pre_tokenize_str(text)] == words


def test_look_alike_letters_and_invisible_characters_make_no_difference() -> None:
    assert TOKENIZER.encode("жəрмеңке бiр").ids == TOKENIZER.encode("жәр\u00adмеңке бір").ids


def test_digits_stay_apart() -> None:
    assert TOKENIZER.encode("1975").tokens == ["1", "##9", "##7", "##5"]


def window_of(text: str) -> Window:
    (window,) = WindowEncoder(TOKENIZER, size=200).encode(text)
    return window


def test_tags() -> None:
    document = mark(0, *SENTENCES[5])
    numbers, lost = tag(window_of(document.text), document.spans, TAGS)
    assert not lost
    assert [TAGS[number] for number in numbers] == [
        "O", "B-CARDINAL", "I-CARDINAL", "I-CARDINAL", "I-CARDINAL", "B-INDICATOR", "B-ACTION", "O",
    ]  # fmt: skip


@pytest.mark.parametrize("span", [Span(2, 6, "GPE"), Span(0, 12, "GPE"), Span(7, 40, "GPE")])
def test_a_span_that_words_cannot_hold_is_lost_and_teaches_nothing(span: Span) -> None:
    """An edge inside a word, a line break inside the span, an end outside of the text."""
    window = window_of("Тараз\nБиыл.")
    numbers, lost = tag(window, [span], TAGS)
    touched = [start < span.end and span.start < end for start, end in window.words]
    assert lost == [span]
    assert numbers == [IGNORED if under else 0 for under in touched]
