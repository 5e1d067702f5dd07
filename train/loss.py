"""What a word's logits are held against: tags that it may have, or the probabilities that teachers give it."""

import torch
from torch import Tensor


def marginal_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Mean of −log p(any allowed tag) over the pieces that allow one. logits, allowed [..., tags].

    Where the annotators looked for every label this is cross-entropy; where they did not, O and the labels they did not
    look for stand together, so that nothing is learned about which it is (Greenberg et al., EMNLP 2018).
    """
    taught = allowed.any(-1)
    if not taught.any():
        return 0 * logits.sum()  # a batch that teaches nothing changes nothing
    scores, allowed = logits[taught].float(), allowed[taught]
    return (scores.logsumexp(-1) - scores.masked_fill(~allowed, -torch.inf).logsumexp(-1)).mean()


def distillation_loss(logits: Tensor, probabilities: Tensor) -> Tensor:
    """Mean cross-entropy with a teacher's probabilities over the pieces that have any (Hinton et al. 2015).

    logits, probabilities [..., tags].
    """
    taught = probabilities.any(-1)
    return -(probabilities[taught] * logits[taught].float().log_softmax(-1)).sum(-1).mean()
