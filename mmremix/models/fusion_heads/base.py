"""What a fusion head is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn


class BaseFusionHead(nn.Module):
    """From the features of the active modalities to fused class scores.

    The contract: ``features`` holds the active modalities only. What an
    absent one counts as is the head's to say; :meth:`fill` gives zeros of
    the right size, which is the paper's masking (Eq. 3). A head must answer
    for every non-empty set of modalities.

    A head of one's own takes a few lines, in a file named by
    ``custom_imports`` in the config::

        @MODELS.register_module()
        class MeanFusionHead(BaseFusionHead):
            def __init__(self, in_channels, num_classes):
                super().__init__(in_channels, num_classes)
                self.fc = nn.Linear(min(in_channels.values()), num_classes)

            def forward(self, features):
                return self.fc(sum(self.fill(features).values()))

    Args:
        in_channels: Feature size of each modality, in the order of the
            model's encoders. :class:`AVRecognizer` passes it in.
        num_classes: M. :class:`AVRecognizer` passes it in.
    """

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int
    ) -> None:
        super().__init__()
        self.in_channels = dict(in_channels)
        self.num_classes = num_classes

    def fill(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Complete the features with zeros, in the order of the encoders.

        Args:
            features: ``(B, in_channels[name])`` for each active modality.

        Returns:
            The same for all modalities.
        """
        present = next(iter(features.values()))
        return {
            name: features[name]
            if name in features
            else present.new_zeros(len(present), size)
            for name, size in self.in_channels.items()
        }

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Fuse.

        Args:
            features: ``(B, in_channels[name])`` for each active modality, at
                least one.

        Returns:
            Class scores before the softmax, shape ``(B, num_classes)``.
        """
