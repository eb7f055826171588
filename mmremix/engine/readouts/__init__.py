"""Choosing a read-out, and testing with it."""

from mmremix.engine.readouts.loaded_modalities import LoadedModalitiesHook

__all__ = ['LoadedModalitiesHook']
