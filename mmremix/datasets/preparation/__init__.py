"""Preparation of data sets: check clips, split, write annotations."""
