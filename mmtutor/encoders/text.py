"""Residual network over texts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmtutor.blocks import Block, ResidualBlock, Stage
from mmtutor.encoders.base import BaseEncoder, PositionsAndMask, final_norm
from mmtutor.encoders.checks import check_options, describe
from mmtutor.layers import apply_with_mask

BYTE_VOCABULARY = 257  # 256 byte values, and 0 for padding


class TextResNet(BaseEncoder):
    """Residual network over token ids, f_T: x_T → h_T.

    Maps int64 or int32 ids `(batch, length)` to `(batch, out_features)`: they are embedded, pass
    1-D residual blocks with growing dilation, and are averaged over the real positions. Padding
    never changes the features.

    Args:
        vocabulary_size: number of ids, the padding included; by default UTF-8 bytes + 1.
        embedding_features: size of an id's vector.
        width: channels of the blocks, and `out_features`.
        dilations: tap spacing of each block, so also the number of blocks.
        padding_id: the id that stands for padding.
        block: as in `ImageResNet`.
        options: keyword arguments for every block (`kernel_size`, `zero_init`, …); `norm` is
            `"channel"` by default.

    Raises:
        TypeError: an option that the encoder sets itself.
    """

    def __init__(
        self,
        vocabulary_size: int = BYTE_VOCABULARY,
        *,
        embedding_features: int = 32,
        width: int = 64,
        dilations: Sequence[int] = (1, 2, 4),
        padding_id: int = 0,
        block: type[Block] = ResidualBlock,
        **options: Any,
    ) -> None:
        super().__init__()
        self.out_features, self.padding_id = width, padding_id
        self.embedding = nn.Embedding(vocabulary_size, embedding_features, padding_idx=padding_id)
        check_options(self, options)
        options = {"norm": "channel", **options}
        self.blocks = Stage(
            block, embedding_features, width, len(dilations), dims=1, dilations=dilations, **options
        )
        self.last = final_norm(block, 1, width, options["norm"])

    def _through_blocks(self, ids: Tensor) -> PositionsAndMask:
        embedded, mask = self._embed(ids), (ids != self.padding_id).unsqueeze(1)
        return apply_with_mask(self.blocks, embedded.movedim(2, 1), mask)

    def _embed(self, ids: Tensor) -> Tensor:
        shape_fits = isinstance(ids, Tensor) and ids.ndim == 2 and ids.shape[1] > 0
        if not shape_fits or ids.dtype not in (torch.int64, torch.int32):
            raise ValueError(
                "TextResNet takes an int64 or int32 tensor (batch, length), length at least 1; "
                f"got {describe(ids)}. Turn strings into ids with mmtutor.data.encode_text, "
                "and ids of another type into int64 with ids.long()"
            )
        try:
            return self.embedding(ids)
        except IndexError as error:
            raise ValueError(
                f"token ids run from {ids.min()} to {ids.max()}, but the vocabulary has ids "
                f"0 to {self.embedding.num_embeddings - 1}; encode the text with the same "
                "vocabulary, or build TextResNet with a larger vocabulary_size"
            ) from error
