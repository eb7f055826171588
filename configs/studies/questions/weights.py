# Can weights of the losses, or a rate for each encoder, do what Remix does?
# python tools/study.py configs/studies/questions/weights.py
_base_ = ['_tenth.py']
methods = {
    'heads_0': dict(options={'model.loss_weights.all_active.unimodal': 0.0}),
    'heads_1': dict(options={'model.loss_weights.all_active.unimodal': 1.0}),
    'heads_2': dict(options={'model.loss_weights.all_active.unimodal': 2.0}),
    'audio_x3': dict(
        options={
            'optim_wrapper.paramwise_cfg': dict(
                custom_keys={
                    'encoders.audio': dict(lr_mult=3.0),
                    'encoders.image': dict(lr_mult=1.0),
                }
            )
        }
    ),
    'image_x3': dict(
        options={
            'optim_wrapper.paramwise_cfg': dict(
                custom_keys={
                    'encoders.audio': dict(lr_mult=1.0),
                    'encoders.image': dict(lr_mult=3.0),
                }
            )
        }
    ),
    'remix': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
}
