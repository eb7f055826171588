_base_ = ['../remix_ks_concat.py']
# The same subset sizes, dealt at random.
method_remix = dict(plan=dict(rule='random'))
