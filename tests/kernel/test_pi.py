"""`%pi` in a real kernel: the command line's words, over the notebook's hub, with secrets masked."""

from __future__ import annotations

import json
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_commands_and_pipelines_run_and_print_what_they_return(shared):
    assert shared.ok("%pi command body.set value=hello").stdout == "hello\n"
    assert shared.ok("%pi pipeline 'body.set?value=hello|log'").stdout == "hello\n"
    assert "webhook.put  " in shared.ok("%pi help command").stdout
    assert "eventKey" in shared.ok("%pi help command webhook.put").stdout
    assert "status     ok" in shared.ok("%pi status").stdout


def test_a_command_of_ones_own_can_be_called(shared):
    shared.ok("import pfnb\n@pfnb.command('pi.double')\ndef double(number: int): return number * 2")
    assert shared.ok("%pi command pi.double number=21").stdout == "42\n"


def test_secrets_are_masked_in_what_it_prints(shared):
    for words in ("command webhook.put eventKey=pi.secret", "command webhook.get --json"):
        cell = shared.ok(f"%pi {words}")
        assert "pi.secret" in cell.stdout
        assert not UUID.search(json.dumps(cell.messages, default=str))
    shared.ok("%pi command iam.user.create username=grace roleNames=CAN_PIPE_log")
    assert "pfnb_" not in shared.ok("%pi command iam.apitoken username=grace").stdout


def test_wrong_words_and_failed_commands_say_what_would_be_right(shared):
    assert "choose from" in shared.run("%pi nope").stderr
    assert "not a name=value pair" in shared.run("%pi command log message").stderr
    cell = shared.run("%pi command webhook.putt")
    assert (cell.status, 'did you mean "webhook.put"' in cell.error) == ("error", True)


def test_events_are_listed_and_only_a_terminal_can_follow_them(shared):
    shared.ok("%event send key=pi.listed")
    assert "pi.listed" in shared.ok("%pi events pi.listed").stdout
    assert "use %webhook inspect" in shared.run("%pi events -f").error
