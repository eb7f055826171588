from mmremix.evaluation.metrics.multimodal_accuracy import MultimodalAccuracy

__all__ = ['MultimodalAccuracy']
