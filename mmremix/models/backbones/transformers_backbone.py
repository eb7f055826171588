"""Encoders of Hugging Face's transformers, from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmremix.models.backbones.optional import import_optional, no_model
from mmremix.models.backbones.weights import assign_weights, checkpoint_of
from mmremix.models.tokens import all_there, masked_mean
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

_POOLINGS = ('mean', 'pooler', 'tokens')


@MODELS.register_module()
class TransformersBackbone(BaseModule):
    """A model of transformers for text, sound or images, pooled.

    Example::

        encoders = dict(
            text=dict(type='transformers.AutoModel', pretrained='FOLDER'),
            audio=dict(type='transformers.Wav2Vec2Model',
                       pretrained='FOLDER', pooling='mean'))

    ``FOLDER`` holds ``config.json`` and the weights, as
    ``save_pretrained`` writes them. The weights are read when a training
    starts; the ``config.json`` always. What the model takes is read off its
    ``main_input_name``:

    - text, ``input_ids``: tokens ``(B, T)``, where the padding is the
      configuration's ``pad_token_id``; or ``(B, 2, T)``, the tokens and a
      mask of ones where there is one; or sequences of different lengths;
    - sound, ``input_values``: a waveform ``(B, S)`` or ``(B, 1, S)``;
      ``input_features`` of a spectrogram go as they are;
    - images, ``pixel_values``: ``(B, C, H, W)``, or frames before that.

    Args:
        name: A class of transformers (``AutoModel``, ``BertModel``), or a
            folder (or a name on the hub) for ``AutoModel``. In a config it
            may stand in the type, ``transformers.<name>``.
        pretrained: Folder, or a name on the hub, which downloads.
        config: Configuration of a model that starts at random, arguments of
            the class's own; with ``model_type`` for ``AutoModel``.
        pooling: ``'mean'`` over the places that are there, ``'pooler'`` for
            the model's ``pooler_output``, ``'tokens'`` for none of them,
            which a :class:`TokenFusionHead` takes. Defaults to the mean for
            sequences and, where there is one, to the pooler for images.
        init_cfg: ``dict(type='Pretrained', checkpoint='FOLDER')``, the same
            as ``pretrained``.
        options: Further entries of the configuration, such as
            ``hidden_dropout_prob=0.2``.

    Raises:
        ConfigError: If there is no such class or folder; and, when the
            weights are read, if one is missing or of another shape.
        ImportError: Without transformers.
    """

    takes_mask = True

    def __init__(
        self,
        name: str,
        pretrained: str | None = None,
        config: Mapping[str, Any] | None = None,
        pooling: str | None = None,
        init_cfg: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        library = import_optional('transformers', 'transformers')
        pretrained, _ = checkpoint_of(pretrained, init_cfg)
        if not name.isidentifier():
            pretrained, name = pretrained or name, 'AutoModel'
        if (pretrained is None) == (config is None):
            raise ConfigError(
                f"type='transformers.{name}' needs a folder with weights or "
                'a configuration to start at random. Write one of:\n'
                "    pretrained='FOLDER'\n    config=dict(model_type='bert')"
            )
        cls = getattr(library, name, None)
        if cls is None:
            names = [n for n in dir(library) if n.endswith('Model')]
            raise no_model('transformers', name, names)
        self._cls, self._folder = cls, pretrained
        settings = _configuration(library, cls, pretrained, config)
        for key, value in options.items():
            if not hasattr(settings, key):
                raise ConfigError(
                    f'The configuration of {name} has no {key!r}. Its '
                    f'entries are {sorted(settings.to_dict())[:12]}, ...'
                )
            setattr(settings, key, value)
        self._settings = settings
        build = getattr(cls, 'from_config', None) or cls
        self.model: nn.Module = build(settings)
        self.input_name: str = self.model.main_input_name
        self._pad = getattr(settings, 'pad_token_id', None)
        self.out_channels = int(
            getattr(settings, 'hidden_size', None)
            or getattr(settings, 'hidden_sizes', [0])[-1]
        )
        if pooling is None:
            image = self.input_name == 'pixel_values'
            pooling = 'pooler' if image and self._has_pooler() else 'mean'
        if pooling not in _POOLINGS or (
            pooling == 'pooler' and not self._has_pooler()
        ):
            raise ConfigError(
                f'pooling={pooling!r}: it must be one of {_POOLINGS}; '
                f'{type(self.model).__name__} has '
                f'{"a" if self._has_pooler() else "no"} '
                "pooler. Write: pooling='mean'"
            )
        self.pooling = pooling

    def _has_pooler(self) -> bool:
        return getattr(self.model, 'pooler', None) is not None

    def init_weights(self) -> None:
        """Take the weights of the folder, if there is one."""
        if self._folder is None:
            return
        loaded, info = self._cls.from_pretrained(
            self._folder, config=self._settings, output_loading_info=True
        )
        lost = [*info['missing_keys'], *info['mismatched_keys']]
        # A pooler that no checkpoint of pre-training has may start at random
        # unless it is used.
        if self.pooling != 'pooler':
            lost = [key for key in lost if 'pooler.' not in str(key)]
        if lost:
            raise ConfigError(
                f'{self._folder}: {len(lost)} weights of '
                f'{type(self.model).__name__} are missing or of another '
                f'shape, {[str(key) for key in lost[:4]]}. Name the folder '
                'of this model, and leave out options that change sizes.'
            )
        assign_weights(self.model, loaded.state_dict(), self._folder)
        print_log(f'All weights taken from {self._folder}.', 'current')
        self._is_init = True

    def forward(
        self, x: Tensor, mask: Tensor | None = None
    ) -> Tensor | Padded:
        """Encode one batch; see the class.

        Args:
            x: The batch.
            mask: ``(B, T)`` of what is there in sequences of different
                lengths.

        Returns:
            ``(B, out_channels)``; or tokens.
        """
        if self.input_name == 'input_ids':
            x = x.long()
            if x.dim() == 3:
                x, mask = x[:, 0], x[:, 1].bool()
            elif mask is None and self._pad is not None:
                mask = x != self._pad
        elif self.input_name == 'input_values' and x.dim() == 3:
            x = x.squeeze(1)
        given = {self.input_name: x}
        if mask is not None:
            given['attention_mask'] = mask.long()
        output = self.model(**given)
        if self.pooling == 'pooler':
            pooled: Tensor = output.pooler_output.flatten(1)
            return pooled
        hidden: Tensor = output.last_hidden_state
        if self.input_name == 'pixel_values':
            maps = hidden.movedim(1, -1) if hidden.dim() == 4 else hidden
            # Tokens of frames, which are folded into the batch.
            return maps if self.pooling == 'tokens' else _mean(maps)
        if mask is not None and mask.shape[1] != hidden.shape[1]:
            mask = self._shorter(mask, hidden.shape[1])
        there = all_there(hidden) if mask is None else mask
        tokens = Padded(hidden, there)
        return tokens if self.pooling == 'tokens' else masked_mean(tokens)

    def _shorter(self, mask: Tensor, length: int) -> Tensor:
        """The mask behind convolutions over time."""
        shorten = getattr(
            self.model, '_get_feature_vector_attention_mask', None
        )
        if shorten is None:
            raise ConfigError(
                f'{type(self.model).__name__} got sequences of different '
                f'lengths, and does not say which of its {length} places '
                'are there. Write length=... in the transform that makes '
                'them, which cuts and pads them to one length.'
            )
        short: Tensor = shorten(length, mask.long()).bool()
        return short


def _mean(maps: Tensor) -> Tensor:
    """Of ``(N, ..., C)`` over all places."""
    return maps.flatten(1, -2).mean(dim=1)


def _configuration(
    library: Any,
    cls: Any,
    folder: str | None,
    config: Mapping[str, Any] | None,
) -> Any:
    if folder is None:
        entries = dict(config or {})
        kind = entries.pop('model_type', None)
        if hasattr(cls, 'config_class') and cls.config_class is not None:
            return cls.config_class(**entries)
        if kind is None:
            raise ConfigError(
                f'config={dict(config or {})} does not say what model it is '
                "of. Write: config=dict(model_type='bert', ...)"
            )
        return library.AutoConfig.for_model(kind, **entries)
    local = Path(folder).exists()
    if local and not Path(folder, 'config.json').is_file():
        raise ConfigError(
            f'pretrained={folder!r}: there is no config.json. It must be a '
            'folder as save_pretrained of transformers writes it.'
        )
    if not local and (folder[0] in '/.~' or folder.count('/') > 1):
        raise ConfigError(f'pretrained={folder!r}: there is no such folder.')
    return library.AutoConfig.from_pretrained(folder)
