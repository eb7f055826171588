"""Cues of the classes, and the format of the clips."""

from __future__ import annotations

SIZE, FPS, RATE, SECONDS = 64, 12, 16000, 1.0
SPLITS = ('train', 'test')
FORMAT = 1  # part of the options: raise it when the clips change
VIDEO_SNR, AUDIO_SNR = -4.0, 0.0  # dB, the defaults
SNR_SPREAD = 4.0  # dB; a clip's own ratio lies within the option +- this
# Cues per class. Lobes and textures survive flips, turns and crops. Rates are
# ordered such that classes next to each other in pitch differ in tremolo.
# Classes next to each other in pitch mostly share a texture, so the pairs that
# are hard to hear are hard to see as well, and both tracks together still err.
LOOKS = [
    (texture, lobes)
    for pair in ((3, 5), (4, 7))
    for texture in ('plain', 'rings', 'dots')
    for lobes in pair
]
NAMES = [f'{texture}{lobes}' for texture, lobes in LOOKS]
TREMOLO = (4.0, 9.0, 6.0, 13.0, 5.0, 11.0, 3.0, 7.0, 15.0, 4.5, 10.0, 8.0)
