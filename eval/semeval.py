"""How right spans are under four rules: the scores of SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013), after MUC-5
(Chinchor and Sundheim 1993).

    exact     edges equal                           partial   as exact, half a point for an overlap
    type      overlap and labels equal              strict    edges and labels equal

A pair is correct under a rule, partial or incorrect; spans without a partner are missed or spurious. The pairs are the
same under all four rules, and in every other table of errors. nervaluate 1.2 is not used: under each rule it pairs
anew, in the order of the predictions, so that of a span predicted in two halves the first, though its label is wrong,
leaves the second without its partner; and an overlap of less than a hundredth of the gold span is none to it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from annotations.document import Span
from eval.alignment import Pair
from eval.figures import Part, Score

Rule = Literal["strict", "exact", "type", "partial"]
Category = Literal["correct", "incorrect", "partial", "missed", "spurious"]
RULES: tuple[Rule, ...] = ("strict", "exact", "type", "partial")


class RuleScore(Part):
    """How often each category occurs under a rule, and the score that follows."""

    correct: int
    incorrect: int
    partial: int
    missed: int
    spurious: int
    score: Score


def rule_scores(documents: Sequence[Iterable[Pair]]) -> tuple[RuleScore, ...]:
    """The score under each rule of documents, given as their pairs."""
    return tuple(
        _rule_score(rule, [[categorise(pair, rule) for pair in pairs] for pairs in documents]) for rule in RULES
    )


def categorise(pair: Pair, rule: Rule) -> Category:
    """What a pair is under a rule."""
    if pair.gold is None:
        return "spurious"
    if pair.predicted is None:
        return "missed"
    if rule == "partial":
        return "correct" if pair.same_edges else "partial"
    return "correct" if _holds(rule, pair.gold, pair.predicted) else "incorrect"


def _holds(rule: Rule, gold: Span, predicted: Span) -> bool:
    edges = (gold.start, gold.end) == (predicted.start, predicted.end)
    label = gold.label == predicted.label
    return (edges or rule == "type") and (label or rule == "exact")


def _rule_score(rule: Rule, documents: list[list[Category]]) -> RuleScore:
    right = [found.count("correct") + found.count("partial") / 2 for found in documents]
    predicted = [len(found) - found.count("missed") for found in documents]
    gold = [len(found) - found.count("spurious") for found in documents]
    together = [category for found in documents for category in found]
    return RuleScore(
        correct=together.count("correct"),
        incorrect=together.count("incorrect"),
        partial=together.count("partial"),
        missed=together.count("missed"),
        spurious=together.count("spurious"),
        score=Score.of(rule, right, predicted, gold),
    )
