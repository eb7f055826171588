_base_ = ['../joint_grid_concat.py']
# A simpler remedy: more weight for one modality's own loss.
model = dict(loss_weights=dict(all_active=dict(video=1.0, audio=0.5)))
