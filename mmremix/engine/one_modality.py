"""Say that a method has nothing to balance."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.runner import Runner


def warn_of_one(
    runner: Runner, kind: str, modalities: Sequence[str], off: str
) -> None:
    """Warn before training if a method among modalities has only one.

    Args:
        runner: The runner.
        kind: Class of the method.
        modalities: Of the model.
        off: What turns the method off.
    """
    if len(modalities) == 1:
        runner.logger.warning(
            f'{kind}: the model has one modality, {tuple(modalities)}, and '
            'nothing is balanced: it trains alone. Add an encoder and its '
            'modality in every data set:\n'
            '    model = dict(encoders=dict(<name>=dict(...)))\n'
            f"    dataset=dict(modalities=['{modalities[0]}', '<name>'])\n"
            f'or turn the method off: {off}'
        )
