"""Write a config that fits clips that were looked at."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from mmremix.datasets.preparation.survey import Annotated, Survey

_FEW = 5000  # clips that a whole ResNet-18 soon knows by heart


@dataclass
class Choices:
    """Numbers of a config, each with the reason for it.

    Attributes:
        values: By name.
        why: One sentence each.
    """

    values: dict[str, object]
    why: dict[str, str]


def choose(found: Annotated, seen: Survey, gpu: bool, cores: int) -> Choices:
    """Fit a config's numbers to the clips and the machine.

    Args:
        found: The samples.
        seen: What they are like.
        gpu: Whether there is one to train on.
        cores: Of the processor.
    """
    made = Choices({}, {})

    def add(name: str, value: object, why: str) -> None:
        made.values[name], made.why[name] = value, why

    low, middle, high = np.percentile(seen.seconds, [5, 50, 95])
    lengths = f'clips last {low:.2f} to {high:.2f} s (5 % to 95 %)'
    if low >= 0.8 * middle:
        seconds = min(0.9 * float(low), 10.0)
        why = f'{lengths}: a little less, at a random place'
    else:
        seconds = min(float(middle), 10.0)
        why = f'{lengths}: of longer ones a random part, shorter are padded'
    seconds = max(math.floor(seconds * 10) / 10, 0.1)
    add('seconds', seconds, why)
    rates = seen.sample_rates or Counter({16000: 1})
    rate = min(rates.most_common(1)[0][0], 16000)
    add('sample_rate', rate, f'the sound has {_counts(rates)} Hz')
    n_fft = 256 if seconds <= 2 else 512
    add('n_fft', n_fft, f'{n_fft // 2 + 1} frequencies')
    hop = max(n_fft // 2, math.ceil(seconds * rate / 200))
    columns = int(seconds * rate) // hop + 1
    add('hop_length', hop, f'{columns} columns of the spectrogram')
    frames = min(max(2, math.ceil(seconds / 2) + 1), 6)
    add('num_frames', frames, f'pictures of {seconds:g} s; each costs as much')
    add(*_picture(seen, gpu))
    count = len(found.rows)
    batch, steps, epochs, warmup = schedule(count, 64 if gpu else 32)
    add('batch_size', batch, f'{count} training samples: {steps} steps')
    small = count < _FEW or not gpu
    width = 16 if small else 64
    reason = 'few clips' if count < _FEW else 'no GPU'
    if not small:
        reason = 'a whole ResNet-18'
    add('base_channels', width, f'{reason} (64 is a whole ResNet-18)')
    add('max_epochs', epochs, f'about {epochs * steps} steps')
    add('warmup_epochs', warmup, 'Remix needs models that know something')
    workers = max(min(cores, 8), 1)
    add('num_workers', workers, f'the machine has {cores} cores')
    return made


def schedule(count: int, most: int) -> tuple[int, int, int, int]:
    """Batch size, steps an epoch, epochs, and epochs of warm-up.

    Args:
        count: Training samples.
        most: The largest batch.
    """
    # Statistics of fewer than eight would harm batch norm.
    batch = min(2 ** int(math.log2(max(count / 8, 8))), most)
    steps = math.ceil(count / batch)
    epochs = min(max(round(1500 / steps), 12), 60)
    return batch, steps, epochs, max(epochs // 4, 2)


def _picture(seen: Survey, gpu: bool) -> tuple[str, int, str]:
    short = min((min(size) for size in seen.sizes), default=224)
    shown = _counts(
        Counter({f'{w}x{h}': n for (w, h), n in seen.sizes.items()})
    )
    fitting = [s for s in (56, 112, 224) if s <= short]
    size = fitting[-1] if fitting else 56
    if size > 112 and not gpu:
        return 'size', 112, f'pictures are {shown}; 224 is slow without a GPU'
    return 'size', size, f'pictures are {shown}'


def _counts(counter: Counter[int] | Counter[str]) -> str:
    """The most frequent ones."""
    items = [str(value) for value, _ in counter.most_common(3)]
    more = ', ...' if len(counter) > len(items) else ''
    return ', '.join(items) + more


def _sentence(text: str) -> str:
    return f'{text[:1].upper()}{text[1:]}.'


def config_of(
    found: Annotated, seen: Survey, choices: Choices, files: dict[str, str]
) -> str:
    """The text of a config.

    Args:
        found: The samples.
        seen: What they are like.
        choices: Of :func:`choose`.
        files: Annotation of ``train``, ``val`` and ``test``, as they are
            written in the config.
    """
    value, why = choices.values, choices.why
    labels = Counter(str(row['label']) for row in found.rows)
    amounts = sorted(labels.values())
    broken = ''
    if seen.reasons:
        what = '; '.join(f'{n} x {r}' for r, n in seen.reasons.items())
        broken = (
            f'# Clips that cannot be used: {what[:200]}\n'
            f'# such as {seen.broken[0]!r}. They are left out and listed; '
            '`mmremix prepare`\n# finds all of them.\n'
        )
    more = "\n    on_broken='skip'," if seen.reasons else ''
    test = 'test' if 'test' in files else 'val'
    if found.label != 'label':
        more = f'\n    columns=dict(label={found.label!r}),{more}'
    rows = {
        name: f'ann_file={file!r},'
        + (
            f'\n        filter_cfg=dict(split={found.split[name]!r}),'
            if found.split
            else ''
        )
        for name, file in files.items()
    }
    lines = {
        name: f'# {_sentence(why[name])}\n{name} = {value[name]!r}'
        for name in value
    }
    held = (
        ''
        if test == 'test'
        else '# No clips are kept for a test of their own.\n'
    )
    return f"""\
# Of {found.root}: {len(found.rows)} training samples, {len(found.classes)} \
classes of {amounts[0]} to {amounts[-1]}.
{broken}_base_ = [
    'mmremix::_base_/default_runtime.py',
    'mmremix::_base_/loaders.py',
    'mmremix::_base_/models/resnet18_concat.py',
    'mmremix::_base_/schedules/adam_small.py',
    'mmremix::_base_/methods/remix.py',  # left out: joint training
]
data_root = {found.root!r}
classes = {found.classes!r}

# What an encoder sees of a clip.
{lines['seconds']}
{lines['sample_rate']}
{lines['n_fft']}
{lines['hop_length']}
{lines['num_frames']}
{lines['size']}
# How it is trained.
{lines['batch_size']}
{lines['base_channels']}
{lines['max_epochs']}
{lines['warmup_epochs']}
{lines['num_workers']}

train_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=num_frames, sampling='random'),
            # Half of the picture or more, so that what counts stays in it.
            dict(type='mmaction.RandomResizedCrop', area_range=(0.5, 1.0)),
            dict(type='mmaction.Resize', scale=(size, size), keep_ratio=False),
            # Leave it out where left and right are not alike.
            dict(type='mmaction.Flip', flip_ratio=0.5),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            dict(
                type='DecodeAudio',
                sample_rate=sample_rate,
                duration=seconds,
                sampling='random',
                padding='zero',  # silence after shorter clips
            ),
            dict(type='LogSTFT', n_fft=n_fft, hop_length=hop_length),
        ],
    ),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=num_frames, sampling='middle'),
            dict(type='mmaction.Resize', scale=(size, size), keep_ratio=False),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            dict(
                type='DecodeAudio',
                sample_rate=sample_rate,
                duration=seconds,
                sampling='middle',
                padding='zero',
            ),
            dict(type='LogSTFT', n_fft=n_fft, hop_length=hop_length),
        ],
    ),
    dict(type='PackAVInputs'),
]
loader = dict(batch_size=batch_size, num_workers=num_workers)
clips = dict(
    type='AVDataset',
    data_root=data_root,
    classes=classes,{more}
)
train_dataloader = dict(
    **loader,
    dataset=dict(
        **clips,
        {rows['train']}
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        **clips,
        {rows['val']}
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
{held}test_dataloader = dict(
    **loader,
    dataset=dict(
        **clips,
        {rows[test]}
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
model = dict(
    num_classes={len(found.classes)},
    encoders=dict(
        video=dict(base_channels=base_channels),
        audio=dict(base_channels=base_channels),
    ),
)
train_cfg = dict(max_epochs=max_epochs)
method_remix = dict(plan=dict(warmup_epochs=warmup_epochs))
"""
