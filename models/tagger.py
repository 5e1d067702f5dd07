"""The default architecture: an encoder that sees pieces and thinks in words.

Pieces of a word are mixed by a small convolution and summed into one vector, so the attention layers run over words:
half the positions of a piece-level encoder, and one decision a word. It registers itself with transformers' Auto
classes; from outside it is an ordinary model from piece ids [batch, pieces] to logits [batch, pieces, labels].
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForTokenClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import MaskedLMOutput, TokenClassifierOutput


class MalimetConfig(PreTrainedConfig):
    """Sizes of the network. Piece ids from `first_continuation` on continue a word; all others begin one."""

    model_type = "malimet"

    def __init__(
        self,
        vocab_size: int = 10000,
        first_continuation: int = 5000,
        hidden_size: int = 256,
        num_hidden_layers: int = 4,
        num_attention_heads: int = 4,
        intermediate_size: int = 768,
        max_word_pieces: int = 12,
        dropout: float = 0.1,
        rope_theta: float = 1000.0,
        pad_token_id: int = 0,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.first_continuation = first_continuation
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.max_word_pieces = max_word_pieces
        self.dropout = dropout
        self.rope_theta = rope_theta
        super().__init__(pad_token_id=pad_token_id, **kwargs)


class Words(nn.Module):
    """Pieces to words: embeddings of pieces and of their places in the word, mixed over neighbours, summed by word."""

    def __init__(self, config: MalimetConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.first_continuation = config.first_continuation
        self.last_place = config.max_word_pieces - 1
        self.pieces = nn.Embedding(config.vocab_size, size)
        self.from_start = nn.Embedding(config.max_word_pieces, size)
        self.from_end = nn.Embedding(config.max_word_pieces, size)
        self.norm = nn.LayerNorm(size)
        self.mix = nn.Conv1d(size, size, kernel_size=3, padding=1)
        self.around = nn.Conv1d(size, size, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ids, mask [batch, pieces] → words [batch, words, size], which pieces belong to them as ones and zeros
        [batch, words, pieces], and the embedding of each piece's place in its word [batch, pieces, size]."""
        mask = mask.bool()
        begins = (ids < self.first_continuation) & mask
        word = (begins.long().cumsum(1) - 1).clamp(min=0)
        number = torch.arange(word.max() + 1, device=ids.device)
        member = ((word.unsqueeze(1) == number.unsqueeze(1)) & mask.unsqueeze(1)).to(self.pieces.weight.dtype)
        position = torch.arange(ids.shape[1], device=ids.device)
        length = member.sum(2)
        start = (member * (begins * position).unsqueeze(1)).sum(2)
        from_start = (position - start.gather(1, word)).long()
        from_end = (length.gather(1, word).long() - 1 - from_start).clamp(min=0)
        place = self.from_start(from_start.clamp(0, self.last_place))
        place = place + self.from_end(from_end.clamp(max=self.last_place))

        x = self.dropout(self.norm(self.pieces(ids) + place)) * mask.unsqueeze(2)
        x = x + F.gelu(self.mix(x.transpose(1, 2)).transpose(1, 2))
        words = member @ x
        words = words + F.gelu(self.around(words.transpose(1, 2)).transpose(1, 2))
        return words, member, place


class Block(nn.Module):
    """Pre-norm self-attention with rotary positions (Su et al. 2021), then a feed-forward layer."""

    def __init__(self, config: MalimetConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.heads = config.num_attention_heads
        self.attention_norm = nn.LayerNorm(size)
        self.query_key_value = nn.Linear(size, 3 * size)
        self.attention_out = nn.Linear(size, size)
        self.feed_norm = nn.LayerNorm(size)
        self.feed_in = nn.Linear(size, config.intermediate_size)
        self.feed_out = nn.Linear(config.intermediate_size, size)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, visible: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """x [batch, words, size], visible [batch, 1, 1, words], cos and sin [words, size / heads] → like x."""
        batch, words, size = x.shape
        split = self.query_key_value(self.attention_norm(x)).view(batch, words, 3, self.heads, size // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(
            _rotate(query, cos, sin), _rotate(key, cos, sin), value, attn_mask=visible
        )
        x = x + self.dropout(self.attention_out(context.transpose(1, 2).reshape(batch, words, size)))
        return x + self.dropout(self.feed_out(F.gelu(self.feed_in(self.feed_norm(x)))))


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class MalimetModel(PreTrainedModel):
    """Pieces to contextual word vectors."""

    config_class = MalimetConfig
    base_model_prefix = "encoder"

    def __init__(self, config: MalimetConfig) -> None:
        super().__init__(config)
        self.words = Words(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[batch, pieces] twice → contextual words [batch, words, size]; membership and places as Words gives them."""
        x, member, place = self.words(input_ids, attention_mask)
        half = self.config.hidden_size // self.config.num_attention_heads // 2
        frequency = self.config.rope_theta ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
        angle = torch.arange(x.shape[1], device=x.device).unsqueeze(1) * frequency
        angle = torch.cat((angle, angle), dim=1)
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        visible = member.any(2)[:, None, None, :]
        for block in self.blocks:
            x = block(x, visible, cos, sin)
        return self.norm(x), member, place

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding, nn.Conv1d)):
            inputs = module.weight[0].numel()
            nn.init.normal_(module.weight, std=0.02 if isinstance(module, nn.Embedding) else inputs**-0.5)
        if isinstance(module, (nn.Linear, nn.Conv1d)) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def _spread(words: Tensor, member: Tensor) -> Tensor:
    """Word vectors [batch, words, size] copied to their pieces [batch, pieces, size]."""
    return member.transpose(1, 2) @ words


class MalimetForMaskedLM(PreTrainedModel):
    """Pre-training: the pieces of a masked word from its vector and each piece's place (BERT, Devlin et al. 2019)."""

    config_class = MalimetConfig
    base_model_prefix = "encoder"

    def __init__(self, config: MalimetConfig) -> None:
        super().__init__(config)
        self.encoder = MalimetModel(config)
        self.transform = nn.Linear(config.hidden_size, config.hidden_size)
        self.transform_norm = nn.LayerNorm(config.hidden_size)  # not `norm`: from_pretrained would take the encoder's
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.post_init()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None, **_: Any
    ) -> MaskedLMOutput:
        """With labels [batch, pieces] (-100: not asked) the loss; without them logits [batch, pieces, vocab_size]."""
        words, member, place = self.encoder(input_ids, attention_mask)
        x = _spread(words, member) + place
        if labels is None:
            return MaskedLMOutput(logits=self._predict(x))
        asked = labels != -100
        return MaskedLMOutput(loss=F.cross_entropy(self._predict(x[asked]), labels[asked]))

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if module is self:  # from_pretrained leaves memory as it is for what a checkpoint lacks, such as a tagger's
            nn.init.zeros_(self.bias)

    def _predict(self, x: Tensor) -> Tensor:
        return F.linear(self.transform_norm(F.gelu(self.transform(x))), self.encoder.words.pieces.weight, self.bias)


class MalimetForTokenClassification(PreTrainedModel):
    """Fine-tuning and use: the logits of a word stand at each of its pieces."""

    config_class = MalimetConfig
    base_model_prefix = "encoder"

    def __init__(self, config: MalimetConfig) -> None:
        super().__init__(config)
        self.encoder = MalimetModel(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> TokenClassifierOutput:
        """[batch, pieces] twice → logits [batch, pieces, labels]."""
        words, member, _place = self.encoder(input_ids, attention_mask)
        return TokenClassifierOutput(logits=_spread(self.classifier(self.dropout(words)), member))


AutoConfig.register(MalimetConfig.model_type, MalimetConfig)
AutoModelForMaskedLM.register(MalimetConfig, MalimetForMaskedLM)
AutoModelForTokenClassification.register(MalimetConfig, MalimetForTokenClassification)
