"""Plots as SVG that stands inside a page: its colours are the page's, its text is text, its bytes always the same."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from eval.benchmark import OURS, Contender
from eval.calibration import Calibration
from eval.comparison import LabelDifference
from eval.figures import FEW, Score

# matplotlib draws in these colours; in the page they become what the page's style says.
INK, SOFT, LINE, MAIN, OTHER = "#010101", "#020202", "#030303", "#040404", "#050505"
COLOURS = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    MAIN: "var(--main)",
    OTHER: "var(--other)",
}
PAPER = {INK: "#23211e", SOFT: "#66615a", LINE: "#e4dfd7", MAIN: "#1565c0", OTHER: "#b3541e"}  # in a file of its own
STYLE: list[str | dict[str, Any]] = [
    "default",
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "malimet",
        "text.parse_math": False,
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": LINE,
    },
]
SVG = "http://www.w3.org/2000/svg"
NAMESPACES = {"": SVG, "xlink": "http://www.w3.org/1999/xlink"}


@style.context(STYLE)
def reliability(calibration: Calibration) -> Markup:
    """The share of right spans over the mean score of each bin that holds spans, with how many those are."""
    figure = Figure(figsize=(4.2, 4.6), layout="constrained")
    accuracy, counts = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    filled = [part for part in calibration.bins if part.spans]
    accuracy.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
    accuracy.plot([part.score for part in filled], [part.accuracy for part in filled], color=MAIN, linewidth=1)
    for part in filled:
        face = "none" if part.spans < FEW else MAIN
        accuracy.plot(part.score, part.accuracy, color=MAIN, marker="o", markerfacecolor=face)
    accuracy.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share of right spans")
    middles = [(part.low + part.high) / 2 for part in calibration.bins]
    bars = counts.bar(middles, [part.spans for part in calibration.bins], width=0.085, color=MAIN)
    counts.bar_label(bars, labels=[str(part.spans or "") for part in calibration.bins], fontsize=7, color=INK)
    counts.set(xlabel="score", ylabel="spans", ylim=(0, 1.35 * max(part.spans for part in calibration.bins) + 1))
    accuracy.grid(visible=True)
    return _svg(figure)


@style.context(STYLE)
def label_scores(scores: Sequence[Score]) -> Markup:
    """F1 of each label with its interval, the first on top; those that rest on few spans are hollow."""
    figure, axes = _rows([f"{score.name}  {score.gold}" for score in scores])
    for row, score in enumerate(scores):
        colour = SOFT if score.few else MAIN
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [row, row], color=colour, linewidth=1.5)
        axes.plot(score.f1, row, marker="o", color=colour, markerfacecolor="none" if score.few else colour)
    axes.set(xlim=(-0.02, 1.02), xlabel="strict F1, 95 % interval")
    return _svg(figure)


@style.context(STYLE)
def label_differences(labels: Sequence[LabelDifference]) -> Markup:
    """How many gold spans of each label only one of two models gets right: the other to the left, ours to the right."""
    apart = [label for label in labels if label.only_model or label.only_other]
    figure, axes = _rows([label.label for label in apart])
    rows = range(len(apart))
    axes.barh(rows, [label.only_model for label in apart], color=MAIN)
    axes.barh(rows, [-label.only_other for label in apart], color=OTHER)
    most = max([5, *(max(label.only_model, label.only_other) for label in apart)])
    axes.set_xlim(-1.05 * most, 1.05 * most)
    axes.axvline(0, color=SOFT, linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(lambda number, _: f"{abs(number):.0f}")
    axes.set(xlabel="spans that only the other / only this model gets right")
    return _svg(figure)


@style.context(STYLE)
def speeds(contenders: Sequence[Contender]) -> Markup:
    """Words a second of those that have a speed, ours in the main colour, on a logarithmic axis; for a file."""
    named = [(each.name, each.speed.words_per_second) for each in contenders if each.speed]
    figure, axes = _rows([name for name, _ in named])
    figure.set_size_inches(8, 1.2 + 0.35 * len(named))
    for row, (name, words) in enumerate(named):
        colour = MAIN if name in OURS else OTHER
        axes.plot([words.low, words.high], [row, row], color=colour, linewidth=1.5)
        axes.plot(words.median, row, marker="o", color=colour)
        axes.annotate(f"{words.median:,.0f}", (words.high, row), (8, 0), textcoords="offset points", va="center")
    axes.set(xscale="log", xlabel="words a second: the median run, and from the slowest to the fastest")
    axes.set_xlim(min(words.low for _, words in named) / 2, max(words.high for _, words in named) * 2.5)
    axes.xaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    return _svg(figure, PAPER)


def _rows(names: Sequence[str]) -> tuple[Figure, Axes]:
    """A figure with a line for each name, from the top down."""
    figure = Figure(figsize=(5.2, 0.9 + 0.24 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Figure, colours: Mapping[str, str] = COLOURS) -> Markup:
    """The drawing alone, without a prolog, metadata or ids that nothing in it refers to. A page shows through it."""
    file = BytesIO()
    figure.savefig(file, format="svg", transparent=colours is COLOURS, metadata={"Date": None})
    for prefix, namespace in NAMESPACES.items():
        ElementTree.register_namespace(prefix, namespace)
    drawing = ElementTree.fromstring(file.getvalue())  # noqa: S314  what matplotlib wrote just now
    for metadata in drawing.findall(f"{{{SVG}}}metadata"):
        drawing.remove(metadata)
    content = ElementTree.tostring(drawing, encoding="unicode")
    for element in drawing.iter():
        if "id" in element.attrib and f"#{element.attrib['id']}" not in content:
            del element.attrib["id"]
    content = ElementTree.tostring(drawing, encoding="unicode")
    for drawn, shown in colours.items():
        content = content.replace(drawn, shown)
    return Markup(content)  # noqa: S704  ElementTree escapes what stands in it
