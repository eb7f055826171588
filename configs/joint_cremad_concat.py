_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/cremad.py',
    '_base_/models/resnet18_concat.py',
    '_base_/schedules/adam_60e.py',
]
model = dict(num_classes=6)
