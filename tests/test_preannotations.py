"""What annotators are given to correct is sound, and says what the records say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.checks import check
from annotations.document import Document
from annotations.formats import label_studio
from annotations.labels import default_labels
from infer.extractor import Extractor
from infer.preannotations import preannotated

TEXTS = [
    "Жыл басынан бері Қордайда 14 жәрмеңке өтіп, оған 300-ден астам шаруа қатысты.",
    "«Дархан құрылыс» компаниясы былтыр Текеліде 4,7 млрд теңгеге 9 мектеп салды.\nБиыл 12 пайызға өсті.",
    "😀 Сәкен Оразовтың айтуынша,\u00a0ауданда 1\u2009250 үй салынды\r\n\r\nОның 3-уі – 2024 жылы.",
    "Ешқандай сан жоқ.",
    "",
]


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor.load(threads=1)


def read(extractor: Extractor, text: str) -> Document:
    document = Document("d1", text)
    return preannotated(document, extractor.extract(text))


def assert_sound(document: Document) -> None:
    """It passes the checks, and what Label Studio is sent comes back as it was."""
    assert check(document, default_labels()) == []
    assert label_studio.from_task(label_studio.to_task(document, 1)) == document


@pytest.mark.parametrize("text", TEXTS)
def test_sound(extractor: Extractor, text: str) -> None:
    assert_sound(read(extractor, text))


WORDS = st.sampled_from(
    [*" ".join(TEXTS).split(), "\n", "\u00a0", "«", "12", "%", "😀", "e\u0301", "—", "\ufeff", "млн"]
)


@settings(max_examples=40)
@given(st.lists(WORDS | st.text(max_size=3), max_size=25).map(" ".join))
def test_sound_on_any_text(extractor: Extractor, text: str) -> None:
    assert_sound(read(extractor, text))


def test_relations_say_what_the_records_say(extractor: Extractor) -> None:
    text = TEXTS[0]
    document = read(extractor, text)
    found = {(document.cut(each.source), each.role, document.cut(each.target)) for each in document.relations}
    metrics = extractor.extract(text).metrics
    roles = [role.name for role in default_labels().roles]
    assert found == {
        (record.value.text, role, part.text) for record in metrics for role in roles if (part := getattr(record, role))
    }
    assert {("14", "indicator", "жәрмеңке"), ("300-ден астам", "action", "қатысты")} <= found


def test_spans_are_those_of_the_article_with_their_scores(extractor: Extractor) -> None:
    article = extractor.extract(TEXTS[1])
    spans = preannotated(Document("d1", TEXTS[1]), article).spans
    assert [(each.start, each.end, each.label, each.score) for each in spans] == [
        (each.start, each.end, each.label, each.score) for each in article.spans
    ]
    assert all(each.score is not None for each in spans)


def test_what_the_label_set_does_not_allow_is_left_out(extractor: Extractor) -> None:
    """A role filled by a span of another label, a value that is none, and a label of some other label set."""
    article = extractor.extract(TEXTS[0])
    value, indicator = article.metrics[0].value, article.metrics[0].indicator
    assert indicator
    changes = {indicator.start: "PERSON", article.metrics[1].value.start: "DATE", article.spans[0].start: "PLANET"}
    spans = tuple(each.model_copy(update={"label": changes.get(each.start, each.label)}) for each in article.spans)
    document = preannotated(Document("d1", TEXTS[0]), article.model_copy(update={"spans": spans}))
    assert check(document, default_labels()) == []
    assert "PLANET" not in {span.label for span in document.spans}
    assert "indicator" not in {each.role for each in document.relations}
    assert {each.source.start for each in document.relations} == {value.start}
