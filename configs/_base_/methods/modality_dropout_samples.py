# Modality dropout in the plan (ours): samples that keep the same random set
# share batches, and what they lack is not loaded.
method_modality_dropout_samples = dict(
    plan=dict(type='ModalityDropoutHook', p=0.5),
    train_dataloader=dict(batch_sampler=dict(order='shuffled')),
)
