from mmremix.models.recognizers.av_recognizer import AVRecognizer

__all__ = ['AVRecognizer']
