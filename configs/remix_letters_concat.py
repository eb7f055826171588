_base_ = ['joint_letters_concat.py', '_base_/methods/remix.py']
method_remix = dict(plan=dict(warmup_epochs=8))
