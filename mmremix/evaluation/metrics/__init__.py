from mmremix.evaluation.metrics.multi_label import MultiLabelMetric
from mmremix.evaluation.metrics.multimodal_accuracy import MultimodalAccuracy
from mmremix.evaluation.metrics.subset_accuracy import SubsetAccuracy

__all__ = ['MultiLabelMetric', 'MultimodalAccuracy', 'SubsetAccuracy']
