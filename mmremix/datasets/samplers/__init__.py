from mmremix.datasets.samplers.remix_sampler import RemixSampler

__all__ = ['RemixSampler']
