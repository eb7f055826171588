"""Encoder for text as a bag of learnt vectors."""

from __future__ import annotations

from torch import Tensor, nn

from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

PADDING = 0


@MODELS.register_module()
class TextEmbedding(nn.Module):
    """A learnt vector for each token number, and no order.

    Pooled by :class:`ModalityEncoder` it is a bag of embeddings, the mean
    over the tokens that are there, as in fastText (Joulin et al., EACL 2017,
    arXiv:1607.01759). The number 0 is padding and not there; a text without
    any token becomes zeros.

    Example::

        encoders = dict(
            words=dict(type='TextEmbedding', vocabulary=4096, channels=64))

    Args:
        vocabulary: Largest token number: 256 for bytes.
        channels: Size of a vector. Defaults to 64.

    Raises:
        ConfigError: On a token number that is larger than the vocabulary (on
            the CPU; CUDA ends with an assertion).
    """

    takes_mask = True

    def __init__(self, vocabulary: int, channels: int = 64) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(
            vocabulary + 1, channels, padding_idx=PADDING
        )
        self.out_channels = channels

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Padded:
        """Embed token numbers.

        Args:
            x: ``(B, T)``, whole numbers of any type.
            mask: Bool ``(B, T)``, True where there is a token.

        Returns:
            Of ``(B, T, channels)``.
        """
        numbers = x.long()
        there = numbers != PADDING
        try:
            values: Tensor = self.embedding(numbers)
        except IndexError as error:
            if int(numbers.min()) < 0:
                raise ConfigError(
                    f'{type(self).__name__}: got the token '
                    f'{int(numbers.min())}. Tokens count from 1, and 0 is '
                    'padding: add 1 to yours'
                ) from error
            raise ConfigError(
                f'{type(self).__name__}: vocabulary={self.vocabulary} has no '
                f'token {int(numbers.max())}. Write: '
                f'vocabulary={int(numbers.max())}, or what the reader of the '
                'text has'
            ) from error
        return Padded(values, there if mask is None else there & mask)
