from mmremix.datasets.samplers.remix_sampler import RemixSampler
from mmremix.datasets.samplers.scoring_sampler import ScoringSampler

__all__ = ['RemixSampler', 'ScoringSampler']
