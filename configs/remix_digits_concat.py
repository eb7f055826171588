_base_ = ['joint_digits_concat.py', '_base_/methods/remix.py']
method_remix = dict(plan=dict(warmup_epochs=4))
