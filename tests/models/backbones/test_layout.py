from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn

from mmremix.models import ModalityEncoder
from mmremix.utils.errors import ConfigError


class Gives(nn.Module):
    """Gives what a test wants."""

    out_channels = 4

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x):
        return self.output


@pytest.mark.parametrize('shape', [(2, 7, 4), (2, 5, 6, 4), (2, 3, 5, 6, 4)])
def test_channels_in_the_last_dimension(shape):
    maps = torch.rand(shape)
    found = ModalityEncoder(Gives((None, maps)))(torch.rand(2, 1))
    places = tuple(range(1, maps.dim() - 1))
    torch.testing.assert_close(found, maps.mean(places))


def test_frames_of_tokens():
    tokens = torch.rand(6, 7, 4)
    found = ModalityEncoder(Gives(tokens))(torch.rand(2, 3, 1, 8, 8))
    torch.testing.assert_close(found, tokens.view(2, 21, 4).mean(1))


@pytest.mark.parametrize(
    ('output', 'said'),
    [
        (torch.rand(2, 4, 4), r'layout='),
        (torch.rand(2, 5, 7), r'out_channels=7'),
        (torch.rand(2, 5), r'out_channels=5'),
        (torch.rand(2), r'shape \(2,\)'),
        (OrderedDict(last=torch.rand(2, 4)), r'OrderedDict'),
    ],
)
def test_other_outputs_are_refused(output, said):
    with pytest.raises(ConfigError, match=said):
        ModalityEncoder(Gives(output))(torch.rand(2, 1))


def test_layout_decides():
    tokens, x = torch.rand(2, 4, 4), torch.rand(2, 1)
    last = ModalityEncoder(Gives(tokens), layout='channels_last')
    torch.testing.assert_close(last(x), tokens.mean(1))
    first = ModalityEncoder(Gives(tokens), layout='channels_first')
    torch.testing.assert_close(first(x), tokens.mean(2))
    with pytest.raises(ConfigError, match='layout must be one of'):
        ModalityEncoder(Gives(tokens), layout='last')
