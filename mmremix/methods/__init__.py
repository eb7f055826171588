"""Balancing methods: what each does within a training step."""

from mmremix.methods.base import Clock, Gradients, Method, scale_gradient

__all__ = ['Clock', 'Gradients', 'Method', 'scale_gradient']
