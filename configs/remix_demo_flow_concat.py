_base_ = ['joint_demo_flow_concat.py', '_base_/methods/remix.py']
method_remix = dict(plan=dict(warmup_epochs=6))
