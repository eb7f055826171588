"""Predict clips with a trained model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.model import BaseModel
from rich.console import Console

from mmremix.apis.annotated_copies import check_folder, write_copies
from mmremix.apis.clip_list import list_clips
from mmremix.apis.clip_pipeline import ClipPipeline
from mmremix.apis.load_model import (
    class_names,
    inference_dataset,
    load_model,
    note_other_config,
)
from mmremix.apis.predict_items import predict_items
from mmremix.apis.prediction_entry import entry_of
from mmremix.apis.row_pipeline import RowPipeline, has_rows
from mmremix.datasets.collate import multimodal_collate
from mmremix.registry import INFERENCERS
from mmremix.utils.config_paths import find_config
from mmremix.utils.plain_config import config_from_file
from mmremix.utils.progress import Progress


@INFERENCERS.register_module()
class AVInferencer(BaseInferencer):
    """Top classes of clips, fused and by each modality alone.

    Example::

        inferencer = AVInferencer('configs/remix_demo_concat.py',
                                  weights='work_dirs/.../epoch_16.pth')
        result = inferencer('clip.mp4', topk=3)
        result['predictions'][0]['topk']['fusion']
        # [{'label': 2, 'class': 'clap', 'score': 0.91}, ...]
        inferencer('folder', batch_size=8, out_dir='annotated')
        inferencer(dict(clip='long.mp4', start=3.0, end=4.5))

    If the config tests on an :class:`~mmremix.datasets.ArrayDataset` or a
    :class:`~mmremix.datasets.TableDataset`, its rows take the place of
    clips: numbers as the file counts them, or ``'all'``::

        inferencer = AVInferencer('configs/joint_utd_concat.py', weights=...)
        inferencer([3, 7])
        inferencer('all', batch_size=32)

    The config's test pipeline is used, and its data set's ``margin`` for
    clips with a segment, so that a row of an annotation is predicted as
    ``tools/test.py`` does. A clip that lacks a modality is predicted from
    the others, as if that one were masked (for any ``mask`` of the model, the
    fusion head says what it counts as). No clip stops the others, whatever
    is wrong with it. Modalities that a chosen read-out leaves out are not
    loaded.

    Args:
        model: Config file, the name of one of mmremix's (``'remix_demo_
            concat'``), or a config.
        weights: Checkpoint; loaded without running code from it.
        device: ``'cpu'``, ``'cuda:0'``, ... Defaults to a GPU if there is
            one.
        scope: Registry scope.
        show_progress: Whether to show how far it is: a bar on a terminal,
            else lines. Defaults to: if standard error is a terminal.
        blank_is_missing: See :class:`~mmremix.apis.clip_pipeline.
            ClipPipeline`.
        trust: Whether a config file that lies with a run or with weights may
            run as Python. By default it is only read.

    Raises:
        ConfigError: If a config that lies with a run is more than plain
            values.
        FileNotFoundError: If there is no such config or checkpoint.
        TypeError: If the model is no :class:`~mmremix.models.AVRecognizer`
            and does not name its ``modalities``.
        ValueError: Without class names, or if checkpoint and config do not
            fit.
    """

    visualize_kwargs: ClassVar[set[str]] = {'out_dir'}
    postprocess_kwargs: ClassVar[set[str]] = {'topk'}

    def __init__(
        self,
        model: str | Path | Config | dict[str, Any] | None = None,
        weights: str | Path | None = None,
        device: str | None = None,
        scope: str | None = 'mmremix',
        show_progress: bool | None = None,
        blank_is_missing: bool = True,
        trust: bool = False,
    ) -> None:
        self.blank_is_missing = blank_is_missing
        self.console = Console(stderr=True)
        if show_progress is None:
            show_progress = self.console.is_terminal
        if isinstance(model, (str, Path)) and os.path.isfile(model):
            model = config_from_file(model, trust)
        super().__init__(
            os.fspath(model) if isinstance(model, Path) else model,
            None if weights is None else os.fspath(weights),
            device,
            scope,
            show_progress,
        )

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Predict.

        Args:
            inputs: See :func:`~mmremix.apis.clip_list.list_clips`; of rows,
                :meth:`~mmremix.apis.row_pipeline.RowPipeline.list_rows`.
            return_datasamples: Whether to return ``ActionDataSample``s
                instead of dicts.
            batch_size: Clips that go through the model at once.
            kwargs: ``topk`` (classes per prediction, 5 by default) and
                ``out_dir`` (folder for clips with the prediction on them).

        Returns:
            ``predictions``, see :meth:`postprocess`, and ``visualization``,
            for each clip the annotated copy or ``None``.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}.')
        pre, forward, visualize, post = self._dispatch_kwargs(**kwargs)
        clips = self._inputs_to_list(inputs)
        if visualize.get('out_dir') is not None:
            if isinstance(self.pipeline, RowPipeline):
                raise ValueError(
                    f'out_dir={str(visualize["out_dir"])!r}: copies are made '
                    'of clips, and the config tests on rows of arrays or of '
                    'a table. Leave it out (on the command line, '
                    '--annotate), and write the answers with --out-json.'
                )
            check_folder(visualize['out_dir'], clips)
        preds: list[ActionDataSample] = []
        batches = self.preprocess(clips, batch_size, **pre)
        total = -(-len(clips) // batch_size)
        with Progress(
            total, 'batches', show=self.show_progress, console=self.console
        ) as bar:
            for batch in batches:
                preds.extend(self.forward(batch, **forward))
                bar.update()
        shown = self.visualize(clips, preds, **visualize)
        return self.postprocess(preds, shown, return_datasamples, **post)

    def preprocess(
        self, inputs: Sequence[dict[str, Any]], batch_size: int = 1
    ) -> Iterator[dict[str, Any]]:
        """Load clips.

        Yields:
            ``usable``, the clips that have anything to predict from;
            ``samples``, of all.
        """
        for loaded in self._get_chunk_data(
            map(self.pipeline, inputs), batch_size
        ):
            yield {
                'usable': [item for item in loaded if item['inputs']],
                'samples': [item['data_samples'] for item in loaded],
            }

    @torch.no_grad()
    def forward(self, inputs: dict[str, Any]) -> list[ActionDataSample]:
        """Predict a batch of :meth:`preprocess`, broken clips included."""
        samples: list[ActionDataSample] = inputs['samples']
        done = iter(
            predict_items(self.model, self.collate_fn, inputs['usable'])
        )
        return [
            sample if 'error' in sample else next(done) for sample in samples
        ]

    def visualize(
        self,
        inputs: Sequence[dict[str, Any]],
        preds: Sequence[ActionDataSample],
        out_dir: str | Path | None = None,
    ) -> list[str | None]:
        """Write copies of the clips with the predictions on them.

        Args:
            inputs: Clips.
            preds: Their predictions.
            out_dir: Folder; without it nothing is written.

        Returns:
            Files, see :func:`~mmremix.apis.annotated_copies.write_copies`.
        """
        if out_dir is None:
            return [None] * len(inputs)
        return write_copies(preds, self.classes, out_dir)

    def postprocess(
        self,
        preds: Sequence[ActionDataSample],
        visualization: Sequence[str | None],
        return_datasamples: bool = False,
        topk: int = 5,
    ) -> dict[str, Any]:
        """Make plain dicts of the predictions.

        Returns:
            ``predictions``, for each clip a dict that JSON can hold: what
            was given (``clip``, ``audio``, ``start``, ``end``),
            ``modalities`` that were used, ``missing`` (reason by modality),
            ``notes``, ``error`` (``None``, or why there is no prediction),
            ``topk`` (by ``fusion``, each modality used and, of several, the
            sum of their ``heads``, a list of ``label``, ``class`` and
            ``score``, a probability) and ``answer`` (the first of the fused
            ones, or of the only modality that is there, and where it is
            ``from``); and ``visualization``.
        """
        if topk < 1:
            raise ValueError(f'topk must be positive, got {topk}.')
        results = (
            list(preds)
            if return_datasamples
            else [entry_of(sample, self.classes, topk) for sample in preds]
        )
        return {'predictions': results, 'visualization': list(visualization)}

    def _inputs_to_list(self, inputs: Any) -> list[dict[str, Any]]:
        if isinstance(self.pipeline, RowPipeline):
            return self.pipeline.list_rows(inputs)
        return list_clips(inputs)

    def _load_model_from_metafile(self, model: str) -> tuple[Config, None]:
        """Find a config of the installed package by its name."""
        return config_from_file(find_config(model), trust=True), None

    def _init_model(
        self, cfg: Config, weights: str | None, device: str = 'cpu'
    ) -> BaseModel:
        if not cfg:
            raise ValueError(
                'Give the config too: model=... The copy inside a checkpoint '
                'is Python code, and no code from checkpoints is run.'
            )
        if weights is None:
            raise ValueError('Give the checkpoint: weights=...')
        model, meta = load_model(cfg.model, weights, device)
        if not hasattr(model, 'modalities'):
            raise TypeError(
                f'{type(model).__name__} has no attribute modalities; '
                'AVInferencer takes models like AVRecognizer.'
            )
        model.cfg = cfg
        self.classes = class_names(
            inference_dataset(cfg), meta, model.num_classes
        )
        note_other_config(cfg, meta, weights)
        return model

    def _init_pipeline(self, cfg: Config) -> ClipPipeline | RowPipeline:
        dataset_cfg = inference_dataset(cfg)
        names = self.model.modalities
        read = getattr(self.model, 'read_modalities', None)
        if has_rows(dataset_cfg):
            return RowPipeline(dataset_cfg, names, read)
        return ClipPipeline(dataset_cfg, names, self.blank_is_missing, read)

    def _init_collate(self, cfg: Config) -> Any:
        # Not the config's: clips of one folder may lack different parts.
        return multimodal_collate

    def _init_visualizer(self, cfg: Config) -> None:
        # mmengine's would make a folder; clips are written by `visualize`.
        return None
