"""Export a trained model to a file that needs no mmremix."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmremix.apis.example_inputs import example_inputs, random_inputs
from mmremix.apis.export_files import (
    MASK,
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
from mmremix.models import AVDataPreprocessor, AVRecognizer
from mmremix.models.backbones.lora import merge_lora
from mmremix.models.backbones.recurrence import scanning
from mmremix.utils.padded import Padded

FORMATS = {'torch': '.pt2', 'onnx': '.onnx'}
_BATCHES = (1, 2, 5)
_TOLERANCE = 1e-4  # of a probability


class FusedModel(nn.Module):
    """From raw inputs to probabilities, normalisation included.

    Args:
        model: An :class:`~mmremix.models.AVRecognizer` whose preprocessor is
            an :class:`~mmremix.models.AVDataPreprocessor`.
        padded: Modalities whose sequences differ in length.

    Raises:
        TypeError: If the model is another.
    """

    def __init__(self, model: nn.Module, padded: Sequence[str] = ()) -> None:
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
        self.padded = tuple(padded)

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Predict.

        Args:
            inputs: For each modality what the pipeline makes, ``(B, ...)``;
                of sequences that differ in length also ``<name>_mask``, bool
                ``(B, T)``, True for the steps that are there, the first ones.

        Returns:
            Probabilities ``(B, num_classes)``, as
            :meth:`~mmremix.models.AVRecognizer.probabilities` gives them.
        """
        normalize = self.model.data_preprocessor.normalize
        masks = {name: f'{name}{MASK}' for name in self.padded}
        ready = {
            name: normalize(
                name,
                Padded(x, inputs[masks[name]]) if name in masks else x,
            )
            for name, x in inputs.items()
            if name not in masks.values()
        }
        return self.model.probabilities(self.model.answer(ready))


class ExportReport(NamedTuple):
    """What came of an export.

    Attributes:
        path: The file.
        info: What the file says of itself: ``classes``, ``modalities``,
            ``inputs`` (``dtype`` and ``shape`` by name; with the mask of
            sequences that differ in length), ``outputs`` and,
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

    The batch size of the result is free, and the number of steps of
    sequences that keep their length (``length=None``), which come with a mask
    as another input; the other sizes are those that the test pipeline makes.
    On random inputs, batches of 1, 2 and 5 of several lengths, it must give
    what ``model.test_step`` gives, before and after it was written.

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
    FusedModel(model)  # before the data is read
    dataset_cfg = inference_dataset(cfg)
    classes = class_names(dataset_cfg, meta, model.num_classes)
    note_other_config(cfg, meta, checkpoint)
    example = example_inputs(dataset_cfg, model.read_modalities, clip)
    padded = [n for n, x in example.items() if isinstance(x, Padded)]
    fused = FusedModel(model, padded).eval()
    flat = flatten(example)
    # What is wrong with the inputs is said here, not by the tracer.
    outputs = _outputs(fused, flat)
    program = _trace(fused, flat, padded)
    info = {
        'classes': classes,
        'modalities': list(example),
        'inputs': {
            name: {
                'dtype': str(x.dtype).removeprefix('torch.'),
                'shape': _shape(name, x, padded),
            }
            for name, x in flat.items()
        },
        'outputs': outputs,
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
    # It draws: training, which this package starts too, need not wait for it.
    from mmremix.apis.model_card import write_card

    card = write_card(target, cfg, checkpoint, model, meta, info)
    return ExportReport(str(target), info, differences, str(card))


def _outputs(fused: FusedModel, example: dict[str, Tensor]) -> list[str]:
    with torch.no_grad():
        return list(fused(example))


def flatten(inputs: Mapping[str, Tensor | Padded]) -> dict[str, Tensor]:
    """Values and masks as inputs of their own."""
    flat = {}
    for name, x in inputs.items():
        if isinstance(x, Padded):
            flat[name], flat[f'{name}{MASK}'] = x.values, x.mask
        else:
            flat[name] = x
    return flat


def _shape(name: str, x: Tensor, padded: Sequence[str]) -> list[int | str]:
    free = 1 + (name.removesuffix(MASK) in padded)
    return [*('batch', 'time')[:free], *x.shape[free:]]


def _trace(
    fused: FusedModel, example: dict[str, Tensor], padded: Sequence[str]
) -> torch.export.ExportedProgram:
    batch = torch.export.Dim('batch')
    free: dict[str, dict[int, Any]] = {name: {0: batch} for name in example}
    for place, name in enumerate(padded):
        backbone = fused.model.encoders[name].backbone
        least = max(2, getattr(backbone, 'shortest', 2))
        time = torch.export.Dim(f'time_{place}', min=least)
        for key in (name, f'{name}{MASK}'):
            free[key][1] = time
    with torch.no_grad(), scanning(fused):
        return torch.export.export(
            fused,
            (example,),
            dynamic_shapes=(free,),
            # The other mode takes len(tensor) for a constant.
            strict=True,
        )


def _original(
    model: BaseModel, inputs: Mapping[str, Tensor | Padded]
) -> dict[str, Tensor]:
    """What testing gives, from single samples on."""
    count = len(next(iter(inputs.values())))
    samples = [ActionDataSample() for _ in range(count)]
    for sample in samples:
        sample.set_metainfo({'active_modalities': tuple(inputs)})
    with torch.no_grad():
        model.test_step(
            {
                'inputs': {name: _samples(x) for name, x in inputs.items()},
                'data_samples': samples,
            }
        )
    return {
        name: torch.stack([sample.pred_score[name] for sample in samples])
        for name in samples[0].pred_score
    }


def _samples(x: Tensor | Padded) -> list[Any]:
    """One by one; sequences without what is behind their end."""
    if isinstance(x, Padded):
        return [
            Padded.whole(values[:length])
            for values, length in zip(x.values, x.lengths, strict=True)
        ]
    return list(x)


def _compare(
    run: Run,
    tries: Sequence[Mapping[str, Tensor | Padded]],
    wanted: list[dict[str, Tensor]],
) -> float:
    worst = torch.zeros(())
    for inputs, right in zip(tries, wanted, strict=True):
        with torch.no_grad():
            found = run(flatten(inputs))
        for name, value in right.items():
            # Keeps NaN, unlike Python's max.
            worst = worst.maximum((found[name] - value).abs().max())
    return worst.item()
