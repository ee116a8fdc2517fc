"""The command line of `pi`: its verbs, their arguments, and the output of results."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TextIO

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.pi import complete, events, resources, verbs
from pfnb.pi.address import find_address
from pfnb.pi.client import Client, HttpClient
from pfnb.pi.show import as_json, as_text

Connect = Callable[[argparse.Namespace], Client]


class WordsError(Exception):
    """The command line is wrong; the text says what would be right."""


class _Parser(argparse.ArgumentParser):
    """Raises where its base class would exit: it also parses the command lines of cells."""

    def error(self, message: str) -> NoReturn:
        raise WordsError(f"{self.prog}: {message}\n{self.format_usage().strip()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """`pi` at a terminal. Exit status: 0, 1 if the command failed, 2 for a wrong command line."""
    try:
        return run(sys.argv[1:] if arguments is None else arguments, http_client, sys.stdout)
    except WordsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (PfnbError, OSError) as error:
        from pfnb.display.visible import visible

        # An error may quote a stranger's text: escape it, so that the terminal does not interpret it.
        sys.stderr.write(f"pi: {visible(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def run(arguments: Sequence[str], connect: Connect, out: TextIO) -> int:
    """Run the command line and write the result to `out`. Raises WordsError, PfnbError or OSError."""
    words = parser().parse_args(list(arguments))
    try:
        result = words.run(words, lambda: connect(words))
    except resources.PartlyError as error:
        _write(error.rows, out, json=words.json)
        raise
    _write(result, out, json=words.json)
    return 0


def http_client(words: argparse.Namespace) -> Client:
    """The hub that the flags, the environment or this machine name."""
    return HttpClient(find_address(words.url, words.token, os.environ))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line. Flags may come before or after a verb."""
    made = _Parser(prog="pi", description="The command line of a hub.")
    _add_flags(made)
    verb = made.add_subparsers(required=True, metavar="VERB", parser_class=_Parser)

    def add(name: str, help: str, run: Callable[..., Any]) -> argparse.ArgumentParser:  # noqa: A002 - argparse's word
        added = verb.add_parser(name, help=help, description=help)
        _add_flags(added, default=argparse.SUPPRESS)  # or the defaults would overwrite flags before the verb
        added.set_defaults(run=run)
        return added

    command = add("command", "run one command: pi command webhook.put eventKey=webhook.lead.created", verbs.command)
    command.add_argument("name", metavar="NAME", help="the command")
    command.add_argument("parameters", nargs="*", default=[], type=_pair, metavar="KEY=VALUE", help="its parameters")
    command.add_argument("--input", metavar="FILE", help="the body of the command; - reads standard input")
    command.add_argument("--output", metavar="FILE", help="write the bytes of the result to this file")

    pipeline = add("pipeline", "run a pipeline: a file, a stored one, or a URI such as 'datetime|log'", verbs.pipeline)
    pipeline.add_argument("source", metavar="FILE|PATH|URI", help="the pipeline")
    pipeline.add_argument(
        "variables", nargs="*", default=[], type=_pair, metavar="NAME=VALUE", help="vars of a stored pipeline"
    )

    help_ = add("help", "explain pi, all commands, or one: pi help command webhook.put", verbs.explain)
    help_.add_argument("topic", nargs="?", choices=["command"], metavar="command", help="what to explain")
    help_.add_argument("name", nargs="?", metavar="NAME", help="the command (default: all)")
    help_.set_defaults(usage=made.format_help)

    init = add("init", "make a workspace: a folder whose src mirrors the property store", resources.init)
    init.add_argument("folder", nargs="?", default=".", help="the folder (default: this one)")

    list_ = add("list", "list properties: pi list 'global/app/demo/**'", resources.list_)
    list_.add_argument(
        "pattern",
        nargs="?",
        metavar="PATTERN",
        help="pattern of paths: * matches within a name, ** any number of names",
    )

    get = add("get", "write properties into the workspace", resources.get)
    get.add_argument("pattern", metavar="PATTERN", help="paths, as for list")
    get.add_argument("--yes", action="store_true", help="overwrite files that differ, without asking")

    publish = add("publish", "save changed files of the workspace as properties", resources.publish)
    publish.add_argument(
        "patterns", nargs="*", default=[], metavar="FILES", help="files, folders or patterns (default: all)"
    )
    publish.add_argument("--force", action="store_true", help="also files that have not changed")

    delete = add("delete", "delete properties of the hub; files stay", resources.delete)
    delete.add_argument("pattern", metavar="PATTERN", help="paths, as for list")
    delete.add_argument("--yes", action="store_true", help="do not ask")

    completion = add("completion", "print the completion script for a shell: bash, zsh", complete.script)
    completion.add_argument("shell", choices=complete.SHELLS, help="your shell")

    failed = add(
        "failed", "list deliveries that failed, are being retried or are running; or discard one", verbs.failed
    )
    failed.add_argument("--limit", type=int, default=20, metavar="COUNT", help="maximum number (20), newest first")
    failed.add_argument(
        "--discard", type=int, metavar="RUN", help="discard this run: it becomes dead, and the next ones proceed"
    )
    failed.add_argument("--reason", metavar="TEXT", help="the reason, for readers of the history")

    events_ = add(
        "events", "list and follow events: pi events 'webhook.#' -f; show or replay one by its id", events.events
    )
    events_.add_argument(
        "what", nargs="*", default=[], metavar="KEY | show ID | replay ID [PIPELINE]",
        help="an event key or pattern (default: all); or the event to show, or to deliver again",
    )  # fmt: skip
    events_.add_argument("-f", "--follow", action="store_true", help="show the newest, then each as it arrives")
    events_.add_argument(
        "--limit", type=events.count, metavar="COUNT",
        help=f"maximum number ({events.LIMIT}; {events.LIMIT_OF_FOLLOWING} before following)",
    )  # fmt: skip
    events_.add_argument(
        "--since", type=events.moment, metavar="TIME", help="none before: 90s, 15m, 1h, 7d (ago), or 2026-11-28T14:00"
    )

    add("status", "show which hub this is, whether it answers, and its problems", verbs.status)

    known = tuple(verb.choices)
    asked = verb.add_parser(complete.ASK, help="called by the shell for completion")
    asked.add_argument("said", nargs="*", metavar="WORD", help="the line, from the shell")
    asked.set_defaults(run=complete.answer, json=False, url=None, token=None, verbs=known)
    return made


def _add_flags(made: argparse.ArgumentParser, **more: Any) -> None:
    made.add_argument("--json", action="store_true", help="print the result as JSON, for programs", **more)
    made.add_argument("--url", help="the hub (default: $PFNB_URL, else the one that runs on this machine)", **more)
    made.add_argument("--token", help="its token (default: $PFNB_TOKEN, else read where the hub keeps it)", **more)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{word!r} is not a name=value pair (put values with spaces in quotes)")
    return name, value


def _write(result: Any, out: TextIO, *, json: bool) -> None:
    if isinstance(result, bytes) and not json:
        if not hasattr(out, "buffer") or out.isatty():
            raise ParameterError(f"the result is {len(result)} bytes, not text: write it to a file with --output")
        out.buffer.write(result)
        return
    text = as_json(result) if json else as_text(result)
    if not json and out.isatty():
        # Strangers' text must not move the cursor or overwrite the screen.
        text = "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
    if text:
        out.write(text if text.endswith("\n") else f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
