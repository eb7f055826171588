_base_ = ['../remix_grid_concat.py']
# The same subset sizes, dealt at random.
method_remix = dict(plan=dict(rule='random'))
