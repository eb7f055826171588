_base_ = ['../joint_demo_concat.py']
# Raw sound in place of spectrograms.
sound = dict(type='ForModality', modality='audio', output='waveform')
cut = dict(type='DecodeAudio', sample_rate=16000, duration=0.9)
train_sound = dict(transforms=[dict(sampling='random', **cut)], **sound)
test_sound = dict(transforms=[dict(sampling='middle', **cut)], **sound)
(train_video, _, pack) = _base_.train_pipeline
test_video = _base_.test_pipeline[0]
train_dataloader = dict(
    dataset=dict(pipeline=[train_video, train_sound, pack])
)
val_dataloader = dict(dataset=dict(pipeline=[test_video, test_sound, pack]))
test_dataloader = dict(dataset=dict(pipeline=[test_video, test_sound, pack]))
model = dict(
    encoders=dict(
        audio=dict(
            _delete_=True, type='WaveformCNN', channels=(32, 32, 64, 128)
        )
    )
)
