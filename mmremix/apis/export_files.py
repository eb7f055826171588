"""Files of exported models: written, and read again."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

INFO_FILE = 'mmremix.json'
MASK = '_mask'
"""Ending of the inputs that say which steps of a sequence are there."""
SCORES = '_scores'
"""Ending of ONNX outputs; there, inputs and outputs may not share names."""

Run = Callable[[dict[str, Tensor]], dict[str, Tensor]]


def save_torch(
    program: torch.export.ExportedProgram, path: Path, info: dict[str, Any]
) -> Run:
    """Write a ``.pt2`` file; returns what was read from it."""
    torch.export.save(program, path, extra_files={INFO_FILE: json.dumps(info)})
    return torch.export.load(path).module()


def save_onnx(
    program: torch.export.ExportedProgram, path: Path, info: dict[str, Any]
) -> Run | None:
    """Write an ``.onnx`` file; returns None without ``onnxruntime``."""
    import onnx

    exported = torch.onnx.export(
        program,
        input_names=list(info['inputs']),
        output_names=info['outputs'],
        dynamo=True,
        verbose=False,
    )
    assert exported is not None  # with dynamo=True
    exported.save(str(path), external_data=False)
    proto = onnx.load(path)
    onnx.helper.set_model_props(proto, {INFO_FILE: json.dumps(info)})
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
    return load_onnx(path, info['outputs'])


def load_onnx(path: Path, outputs: list[str]) -> Run | None:
    """Open an ``.onnx`` file; None without ``onnxruntime``."""
    if importlib.util.find_spec('onnxruntime') is None:
        return None
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )

    def run(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        feed = {name: x.numpy() for name, x in inputs.items()}
        found = session.run(outputs, feed)
        names = [name.removesuffix(SCORES) for name in outputs]
        return dict(zip(names, map(torch.from_numpy, found), strict=True))

    return run


def require(*packages: str) -> None:
    """Raise ``ImportError`` if a package of ONNX is missing."""
    missing = [p for p in packages if importlib.util.find_spec(p) is None]
    if missing:
        raise ImportError(
            f"format='onnx' needs {' and '.join(missing)}, which mmremix does "
            f'not install: pip install {" ".join(missing)} onnxruntime'
        )
