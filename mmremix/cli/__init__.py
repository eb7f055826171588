"""The command ``mmremix``, which runs the tools."""

from mmremix.cli.commands import find_commands, main

__all__ = ['find_commands', 'main']
