"""Completion of the command ``mmremix`` in a shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmremix.cli.tool_parsers import tool_parser
from mmremix.utils.config_paths import shipped_configs

SHELLS = ('bash', 'zsh')

# Options of the command, then what follows the word before, then files.
_SCRIPT = """\
_mmremix() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    local before="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="${{COMP_WORDS[1]}}" words="" configs=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    case "$command" in
{cases}
    esac
    case "$word" in
        -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
        *)
            COMPREPLY=($(compgen -f -- "$word"))
            if [ -n "$configs" ] && [ "$before" = "$configs" ]; then
                COMPREPLY+=($(compgen -W "{configs}" -- "$word"))
            fi ;;
    esac
}}
complete -o filenames -F _mmremix mmremix
"""


def completion_script(
    shell: str, commands: Mapping[str, Path], others: Sequence[str]
) -> str:
    """A script to source: commands, their options, configs and files.

    It is fixed text, so that completing needs no Python; make it anew after
    an update.

    Args:
        shell: One of ``SHELLS``.
        commands: Tools by name.
        others: Commands that are no tools.
    """
    cases = [
        *(_case(name, tool_parser(path)) for name, path in commands.items()),
        f'        completion) COMPREPLY=($(compgen -W "{" ".join(SHELLS)}" '
        '-- "$word")); return ;;',
    ]
    script = _SCRIPT.format(
        commands=' '.join([*commands, *others]),
        cases='\n'.join(cases),
        configs=' '.join(shipped_configs()),
    )
    if shell == 'zsh':
        return f'autoload -U +X bashcompinit && bashcompinit\n{script}'
    return script


def _case(name: str, parser: argparse.ArgumentParser) -> str:
    options = [
        option
        for action in parser._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith('--') and '_' not in option
    ]
    first = next((a for a in parser._actions if not a.option_strings), None)
    if first is not None and first.dest == 'config':
        before = name
    elif '--config' in options:
        before = '--config'
    else:
        before = ''
    return f'        {name}) words="{" ".join(options)}" configs="{before}" ;;'
