"""Export a trained model to a file that needs no mmremix."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmremix.apis.example_inputs import example_inputs, random_inputs
from mmremix.apis.export_files import (
    SCORES,
    Run,
    require,
    save_onnx,
    save_torch,
)
from mmremix.apis.load_model import (
    class_names,
    inference_dataset,
    load_model,
    note_other_config,
)
from mmremix.apis.model_card import write_card
from mmremix.models import AVDataPreprocessor, AVRecognizer
from mmremix.models.backbones.lora import merge_lora

FORMATS = {'torch': '.pt2', 'onnx': '.onnx'}
_BATCHES = (1, 2, 5)
_TOLERANCE = 1e-4  # of a probability


class FusedModel(nn.Module):
    """From raw inputs to probabilities, normalisation included.

    Args:
        model: An :class:`~mmremix.models.AVRecognizer` whose preprocessor is
            an :class:`~mmremix.models.AVDataPreprocessor`.

    Raises:
        TypeError: If the model is another.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        preprocessor = getattr(model, 'data_preprocessor', None)
        if not isinstance(preprocessor, AVDataPreprocessor) or not isinstance(
            model, AVRecognizer
        ):
            raise TypeError(
                'Only an AVRecognizer with an AVDataPreprocessor can be '
                f'exported, got a {type(model).__name__} with '
                f'a {type(preprocessor).__name__}.'
            )
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Predict.

        Args:
            inputs: For each modality what the pipeline makes, ``(B, ...)``.

        Returns:
            Probabilities ``(B, num_classes)``, as
            :meth:`~mmremix.models.AVRecognizer.probabilities` gives them.
        """
        normalize = self.model.data_preprocessor.normalize
        ready = {name: normalize(name, x) for name, x in inputs.items()}
        return self.model.probabilities(self.model.answer(ready))


class ExportReport(NamedTuple):
    """What came of an export.

    Attributes:
        path: The file.
        info: What the file says of itself: ``classes``, ``modalities``,
            ``inputs`` (``dtype`` and ``shape`` by modality), ``outputs`` and,
            if one was chosen, the weights of the ``readout``.
        differences: Largest absolute difference of a probability from the
            original model's, by what was compared.
        card: The model card beside the file.
    """

    path: str
    info: dict[str, Any]
    differences: dict[str, float]
    card: str


def export_model(
    cfg: Config,
    checkpoint: str,
    out: str | Path,
    fmt: str = 'torch',
    clip: Mapping[str, Any] | None = None,
) -> ExportReport:
    """Export the inference path, all modalities in, and check it.

    Modalities that a chosen read-out leaves out are not in it. A model card
    is written beside the file, see
    :func:`~mmremix.apis.model_card.write_card`.

    The batch size of the result is free, the other sizes are those that the
    test pipeline makes. On random inputs, batches of 1, 2 and 5, it must
    give what ``model.test_step`` gives, before and after it was written.

    Args:
        cfg: Config.
        checkpoint: Its checkpoint.
        out: ``.pt2`` file for ``'torch'``, ``.onnx`` for ``'onnx'``.
        fmt: ``'torch'`` (``torch.export``) or ``'onnx'`` (needs the packages
            ``onnx`` and ``onnxscript``, and ``onnxruntime`` to be checked).
        clip: Clip to take the inputs' sizes from. Defaults to one that is
            made on the spot.

    Raises:
        ImportError: For ``'onnx'`` without its packages.
        RuntimeError: If the result differs by more than 1e-4; then there is
            no file.
        ValueError: On another format or ending, and see
            :func:`~mmremix.apis.load_model.load_model`.
    """
    target = Path(out)
    if fmt not in FORMATS or target.suffix != FORMATS[fmt]:
        raise ValueError(
            f'format={fmt!r}, out={str(out)!r}: write a .pt2 file with '
            "format='torch' or a .onnx file with format='onnx'."
        )
    if fmt == 'onnx':
        require('onnx', 'onnxscript')
    model, meta = load_model(cfg.model, checkpoint)
    merge_lora(model)
    fused = FusedModel(model).eval()
    dataset_cfg = inference_dataset(cfg)
    classes = class_names(dataset_cfg, meta, model.num_classes)
    note_other_config(cfg, meta, checkpoint)
    example = example_inputs(dataset_cfg, model.read_modalities, clip)
    program = _trace(fused, example)
    info = {
        'classes': classes,
        'modalities': list(example),
        'inputs': {
            name: {
                'dtype': str(x.dtype).removeprefix('torch.'),
                'shape': ['batch', *x.shape[1:]],
            }
            for name, x in example.items()
        },
        'outputs': _outputs(fused, example),
    }
    if model.readout.weights:
        info['readout'] = model.readout.weights
    if fmt == 'onnx':
        info['outputs'] = [f'{name}{SCORES}' for name in info['outputs']]
    tries = [random_inputs(example, n, seed=n) for n in _BATCHES]
    wanted = [_original(model, inputs) for inputs in tries]
    differences = {'before saving': _compare(program.module(), tries, wanted)}
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f'unfinished-{target.name}')
    try:
        save = save_torch if fmt == 'torch' else save_onnx
        reloaded = save(program, unfinished, info)
        if reloaded is not None:
            worst = _compare(reloaded, tries, wanted)
            differences['after loading'] = worst
        if not all(x <= _TOLERANCE for x in differences.values()):
            raise RuntimeError(
                f'The exported model differs from the original: {differences}'
                f', more than {_TOLERANCE}. {target} was not written.'
            )
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    card = write_card(target, cfg, checkpoint, model, meta, info)
    return ExportReport(str(target), info, differences, str(card))


def _outputs(fused: FusedModel, example: dict[str, Tensor]) -> list[str]:
    with torch.no_grad():
        return list(fused(example))


def _trace(
    fused: FusedModel, example: dict[str, Tensor]
) -> torch.export.ExportedProgram:
    batch = torch.export.Dim('batch')
    with torch.no_grad():
        return torch.export.export(
            fused,
            (example,),
            dynamic_shapes=({name: {0: batch} for name in example},),
            # The other mode takes len(tensor) for a constant.
            strict=True,
        )


def _original(
    model: BaseModel, inputs: dict[str, Tensor]
) -> dict[str, Tensor]:
    """What testing gives, from single samples on."""
    count = len(next(iter(inputs.values())))
    samples = [ActionDataSample() for _ in range(count)]
    for sample in samples:
        sample.set_metainfo({'active_modalities': tuple(inputs)})
    with torch.no_grad():
        model.test_step(
            {
                'inputs': {name: list(x) for name, x in inputs.items()},
                'data_samples': samples,
            }
        )
    return {
        name: torch.stack([sample.pred_score[name] for sample in samples])
        for name in samples[0].pred_score
    }


def _compare(
    run: Run,
    tries: list[dict[str, Tensor]],
    wanted: list[dict[str, Tensor]],
) -> float:
    worst = torch.zeros(())
    for inputs, right in zip(tries, wanted, strict=True):
        with torch.no_grad():
            found = run(inputs)
        for name, value in right.items():
            # Keeps NaN, unlike Python's max.
            worst = worst.maximum((found[name] - value).abs().max())
    return worst.item()
