"""A module a method, each with ``CASES``: see ``tests/methods/kit.py``."""
