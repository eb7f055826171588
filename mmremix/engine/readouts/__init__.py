"""Choosing a read-out, and testing with it."""

from mmremix.engine.readouts.loaded_modalities import LoadedModalitiesHook
from mmremix.engine.readouts.log_probs import HeldOut, held_out_log_probs
from mmremix.engine.readouts.readout_hook import ReadoutHook

__all__ = [
    'HeldOut',
    'LoadedModalitiesHook',
    'ReadoutHook',
    'held_out_log_probs',
]
