"""The demo data set: short clips with a picture and a sound track.

Every clip is a real file (H.264 and AAC in MP4), made from a seed, so a fresh
clone can train without a download. Both tracks carry the class, unequally:

- Sound, the strong cue: a humming tone whose pitch and tremolo rate belong to
  the class. Timbre, loudness, fades, noise colour and a stray beep vary, and
  pitch and tremolo by some per cent, so that neighbours overlap a little.
- Picture, the weak cue, seen in every still frame: a blob whose number of
  lobes and texture belong to the class. Place, size, angle, colours, drift,
  background and distractors vary.

What varies is drawn per clip and per track from (seed, split, index, track):
it tells nothing about the class, the tracks share nothing but the class, and
more clips leave the earlier ones as they were.
"""

from mmremix.demo.demo_set import make_demo

__all__ = ['make_demo']
