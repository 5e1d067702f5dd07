"""The loss for documents whose annotators did not all look for the same labels."""

import torch
from torch import Tensor


def marginal_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Mean of −log p(any allowed tag) over the pieces that allow one. logits, allowed [..., tags].

    Where the annotators looked for every label this is cross-entropy; where they did not, O and the labels they did not
    look for stand together, so that nothing is learned about which it is (Greenberg et al., EMNLP 2018).
    """
    taught = allowed.any(-1)
    scores, allowed = logits[taught].float(), allowed[taught]
    return (scores.logsumexp(-1) - scores.masked_fill(~allowed, -torch.inf).logsumexp(-1)).mean()
