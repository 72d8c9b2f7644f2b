"""``python -m bot reload``: have the running bot take up the configuration as it is now."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from bot.cli import shell


@click.command()
@shell.with_config
@click.option(
    "--put-in-use",
    is_flag=True,
    help="Of replicas: this one waits, as it has other files than those in use; use these.",
)
def reload(path: Path, put_in_use: bool) -> None:
    """Have the running bot take up bot.toml and the command files as they are now.

    All of it is taken up, or nothing: with any fault, and where something needs a restart, that is
    printed, the bot goes on as before, and the status is 1. Open requests are judged by what is
    taken up whenever they are to go on, as after a restart.
    """
    from bot.app import control

    settings = shell.checked(path, secrets=False)
    try:
        verb = control.PUT_IN_USE if put_in_use else "reload"
        answer = control.ask(settings.data, f"{verb} {settings.origin}")
    except control.NoBot:
        sys.exit(
            shell.fail(f"no bot runs on {shell.shown(settings)}; if it is starting now, try again")
        )
    except PermissionError:
        sys.exit(shell.fail("only the bot's own user and root may speak to it"))
    except control.Ended:
        sys.exit(
            shell.fail(
                "the bot ended before it said whether this was taken up: the next start takes it"
            )
        )
    except control.Silent:
        reason = "the bot does not answer; when it does, its log says how the reload went"
        sys.exit(shell.fail(reason))
    for warning in texts_of(answer, "warnings"):
        click.echo(f"warning: {warning}", err=True)
    lines = texts_of(answer, "lines")
    if answer.get("taken"):
        click.echo("\n".join(lines))
        return
    for line in lines[:-1]:
        click.echo(line)
    sys.exit(shell.fail(lines[-1]))


def texts_of(answer: Mapping[str, object], key: str) -> list[str]:
    value = answer.get(key)
    return [str(one) for one in value] if isinstance(value, Iterable) else []
