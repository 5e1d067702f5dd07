"""factRuEval's parts and objects become spans over names."""

from pathlib import Path

import pytest

from annotations.checks import Problem
from annotations.formats import auto, factrueval

TEXT = "«Тірек» қорын Асқар мен Дана Оразовтар Қордай ауданында ашты."
PARTS = """\
1 org_name 1 5 11 1  # 11 Тірек
2 org_descr 8 5 13 1  # 13 қорын
3 name 14 5 14 1  # 14 Асқар
4 name 24 4 16 1  # 16 Дана
5 surname 29 9 17 1  # 17 Оразовтар
6 loc_name 39 6 18 1  # 18 Қордай
7 loc_descr 46 9 19 1  # 19 ауданында
8 loc_name 39 16 18 2  # 18 19 Қордай ауданында

"""
MAPPING = {"Org": "ORGANISATION", "Person": "PERSON", "LocOrg": "GPE", "Location": None}


def collection(path: Path, objects: str = "", parts: str = PARTS) -> Path:
    sound = {".objects": "9 Person 1 # Дана", ".spans": "1 name 0 4 1 1 # 1 Дана", ".txt": "Дана келді."}
    files = {".objects": objects, ".spans": parts, ".txt": TEXT}
    for name, contents in (("a", files), ("sound", sound)):
        for suffix, content in contents.items():
            (path / f"{name}{suffix}").write_text(content)
    return path


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ("90 Org 1 2 # Тірек қорын", [("Тірек", "ORGANISATION")]),
        ("90 Org 2 # қорын", []),
        ("90 Person 5 4 # Оразовтар Дана", [("Дана Оразовтар", "PERSON")]),
        ("90 Person 3 5 # Асқар Оразовтар", []),
        ("90 LocOrg 6 7 # Қордай ауданында\n\n91 Person 3 # Асқар\n", [("Асқар", "PERSON"), ("Қордай", "GPE")]),
        ("90 LocOrg 6 8 # Қордай Қордай ауданында", [("Қордай ауданында", "GPE")]),
        ("90 Location 6 # Қордай", []),
        ("", []),
    ],
)
def test_objects(objects: str, found: list[tuple[str, str]], tmp_path: Path) -> None:
    document = next(auto.read(collection(tmp_path, objects), mapping=MAPPING))
    assert [(document.cut(span), span.label) for span in document.spans] == found
    assert document.groups == {"ORGANISATION", "PERSON", "GPE"}


@pytest.mark.parametrize(
    ("objects", "parts", "where"),
    [
        ("90 Org 1 # -", "1 org_name 2 5 11 1  # 11 Тірек", ".spans, line 1"),
        ("90 Org 1 # -", "1 org_name 999 5 11 1  # 11 Тірек", ".spans, line 1"),
        ("90 Org 1 # -", "1 org_name 1 5 11 1  # 11", ".spans, line 1"),
        ("90 Org 1 # -", "\n1 org_name 1 5", ".spans, line 2"),
        ("90 Org 1\n90 Org", PARTS, ".objects, line 1"),
        ("90 Org 1 # Тірек\n91 Org 1 77 # -", PARTS, ".objects, line 2"),
        ("90 Group 1 # Тірек", PARTS, "spans[0].label"),
    ],
)
def test_a_malformed_document_costs_only_itself(objects: str, parts: str, where: str, tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = collection(tmp_path, objects, parts)
    assert [document.id for document in factrueval.read(path, problems.append, MAPPING)] == ["sound"]
    assert [(problem.document, problem.where) for problem in problems] == [("a", where)]
