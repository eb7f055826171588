_base_ = ['../joint_demo_concat.py', '../_base_/methods/balanced.py']
# The same batch once a modality, in turn; then, to read it out:
# python tools/crossfit.py configs/examples/balanced.py --choose pool --final
train_dataloader = dict(batch_sampler=dict(order='alternate'))
