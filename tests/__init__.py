"""A package in the full sense.

Some distributions (openmim for one) install a top-level package ``tests``.
That would win over a folder without this file, wherever it is on the path.
"""
