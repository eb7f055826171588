# Modality dropout by value: features left out of the fusion, sample by sample
# (as ModDrop, Neverova et al., TPAMI 2016, and others since). By sample, with
# nothing loaded that is left out: modality_dropout_samples.py.
method_modality_dropout = dict(step=dict(type='ModalityDropout', p=0.5))
