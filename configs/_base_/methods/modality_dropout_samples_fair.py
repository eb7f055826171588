# Fair: heads, losses and optimiser of the run that it is compared with; the
# order of the batches belongs to the method.
method_modality_dropout_samples = dict(
    plan=dict(type='ModalityDropoutHook', p=0.5),
    train_dataloader=dict(batch_sampler=dict(order='shuffled')),
)
