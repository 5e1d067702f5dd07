"""The speed of training is measured the same way on both sides."""

from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification

from eval.throughput import LONGEST, MEDIAN, PEAKS, Speed, compare, flops_of, random_rows, show
from train.recipe import Optimisation

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CONFIG = XLMRobertaConfig(vocab_size=50, pad_token_id=0, num_labels=5, max_position_embeddings=300, **SIZES)


def test_both_are_measured() -> None:
    """Grouping by length leaves less padding than any order does."""
    optimisation = Optimisation(steps=6, batch_size=8, learning_rate=0.001, precision="bf16")
    ours, theirs = compare(CONFIG, optimisation, warm=2, count=400)
    assert ours.pieces > 0 and theirs.pieces > 0
    assert ours.padding < 0.2 < theirs.padding
    printed = show([("ours", ours)], peak=PEAKS["H200"]).columns
    assert next(iter(printed[4].cells)) == "0.0%"


def test_flops() -> None:
    """A dense layer of a bias and two by two weights has six parameters, embeddings none."""
    rows = random_rows(1000, 5, 50)
    lengths = sorted(len(row["input_ids"]) for row in rows)
    assert abs(lengths[500] - MEDIAN) < 4 and lengths[-1] == LONGEST
    model = XLMRobertaForTokenClassification(CONFIG)
    width, feed, tags = 16, 32, 5
    layer = 4 * (width * width + width) + 2 * width * feed + width + feed + 4 * width
    outside = 2 * layer + tags * (width + 1) + 2 * width
    same = [{"input_ids": [7] * 10}]
    assert flops_of(model, same) == 6 * outside + 12 * 2 * width * 10


def test_a_share_needs_a_peak() -> None:
    printed = show([("ours", Speed(pieces=1e6, padding=0.05, flops=312e12 / 2))], peak=PEAKS["A100"]).columns
    assert [next(iter(column.cells)) for column in printed] == ["ours", "1,000,000", "5.0%", "156.00", "50.0%"]
    unknown = show([("ours", Speed(1.0, 0.0, 1.0))], peak=None).columns
    assert next(iter(unknown[4].cells)) == "peak not known"
