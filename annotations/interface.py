"""What annotators see in Label Studio: the interface, from labels.yaml, and the instructions, from guidelines.md."""

from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

from annotations.labels import Group, LabelSet

GUIDELINES = Path(__file__).with_name("guidelines.md")
HEADINGS: dict[Group, str] = {"value": "Мәндер", "time": "Уақыт", "role": "Рөлдер", "entity": "Атаулар"}
_LINE = "flex-basis: 100%; display: flex; flex-wrap: wrap; align-items: center; gap: 4px"

_BLOCKS = ("paragraph_close", "bullet_list_close", "ordered_list_close", "table_close", "blockquote_close")

assert HEADINGS.keys() == set(get_args(Group))


def label_config(labels: LabelSet) -> str:
    """Label Studio's labelling configuration (XML): a line of labels for each group, under their Kazakh names and with
    their colours and hotkeys, and the roles that a relation may have. A label's English name shows under the pointer.
    All labels are smart ones: with an ML backend, marking a stretch can ask for what the model finds in it.
    """
    view = ElementTree.Element("View")
    relations = ElementTree.SubElement(view, "Relations")
    for role in labels.roles:
        ElementTree.SubElement(relations, "Relation", value=role.name)
    palette = ElementTree.SubElement(view, "Labels", name="label", toName="text", smart="true")
    for group, heading in HEADINGS.items():
        line = ElementTree.SubElement(palette, "View", style=_LINE)
        ElementTree.SubElement(line, "Header", value=heading, size="6", style="margin: 0; min-width: 5em")
        for label in labels.labels:
            if label.group == group:
                ElementTree.SubElement(
                    line,
                    "Label",
                    value=label.name,
                    html=label.kk,
                    hint=f"{label.name}: {label.en}",
                    hotkey=label.hotkey,
                    background=label.color,
                )
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    return ElementTree.tostring(view, encoding="unicode")


def label_names(config: str) -> tuple[set[str], set[str]]:
    """The labels and the roles that a labelling configuration offers.

    Raises ValueError for a configuration that is not XML, or that declares entities, which could be made to expand
    without end.
    """
    if "<!" in config.replace("<!--", ""):
        raise ValueError("a labelling configuration declares no entities")
    try:
        view = ElementTree.fromstring(config)  # noqa: S314  nothing in it can expand
    except ElementTree.ParseError as error:
        raise ValueError(f"the labelling configuration is not XML ({error})") from None
    labels, roles = ({e.get("value", "") for e in view.iter(name)} for name in ("Label", "Relation"))
    return labels, roles


def instructions() -> str:
    """The annotators' guidelines as HTML for Label Studio, which takes away all style: what keeps paragraphs and the
    items of lists apart stands in the text."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(GUIDELINES.read_text("utf-8"))
    parts = []
    for token in tokens:
        parts.append(markdown.renderer.render([token], markdown.options, {}))
        if token.type == "list_item_open":
            parts.append(f"{token.info}. " if token.info else "• ")
        if token.type in _BLOCKS and token.level == 0:
            parts.append("<br>")
    return "".join(parts)
