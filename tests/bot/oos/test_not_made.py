"""A call that provably did not happen is made again; what runs does not hide what is due."""

from datetime import timedelta

import pytest

from bot.oos.engine import calls, interpreter, journal
from tests.bot.oos.outside import BEGAN, Outside, in_doubt

ONE = """
    Tasks:
      - Name: one
        Action: ACS::ExecuteAPI
        Retries: 1
        DelayType: Constant
        Delay: 7
        Properties: {Service: ECS, API: RunInstances}
        Outputs: {id: {ValueSelector: Id}}
    Outputs: {id: {Value: '{{ one.id }}'}}
    """
NOT_MADE = journal.NotMade("no such token")


def test_it_is_made_again_under_a_new_key_at_once() -> None:
    run = Outside(ONE, lambda call: {"Id": "i-1"})
    run.finish(in_doubt(run), NOT_MADE)
    (call,) = run.ready()
    assert (call.key, call.token) == ("one#1", calls.token("run-1", "one#1"))
    assert run.end() == interpreter.Done("Success", {"id": "i-1"})
    assert run.made_keys() == ["one#0", "one#1"]
    replayed = run.fresh([journal.entry(journal.plain(entry)) for entry in run.journal])
    assert replayed.next(run.now) == run.next()


def test_it_takes_none_of_the_retries() -> None:
    run = Outside(ONE, lambda call: journal.Failed("Busy"))
    run.finish(in_doubt(run), NOT_MADE)
    assert run.end().status == "Failed"
    assert run.made_keys() == ["one#0", "one#1", "one#2"]
    assert run.times == [0, 0, 7]


def test_what_never_gets_through_is_a_try_that_failed() -> None:
    run = Outside(ONE)
    for _ in range(6):
        run.finish(in_doubt(run), NOT_MADE)
    assert run.next() == interpreter.Wait(BEGAN + timedelta(seconds=7))
    run.pass_time(7)
    run.finish(in_doubt(run), NOT_MADE)
    assert str(run.end().error) == "one: NotMade: no such token"


def test_after_a_stop_it_is_not_made_again() -> None:
    run = Outside(ONE)
    lookup = in_doubt(run)
    run.tell("stopped")
    run.finish(lookup, NOT_MADE)
    end = run.end()
    assert (end.status, end.unknown) == ("Cancelled", ())
    assert run.made_keys() == ["one#0"]


def test_a_person_may_write_it_of_a_call_that_nobody_could_tell_of() -> None:
    run = Outside(ONE, lambda call: {"Id": "i-2"})
    run.finish(in_doubt(run), journal.Unknown())
    assert run.end().status == "Unknown"
    run.write(journal.Finished("one#0", run.now, NOT_MADE))
    assert run.end() == interpreter.Done("Success", {"id": "i-2"})


def test_a_notice_that_was_not_sent_is_sent_again_unless_the_vote_is_over() -> None:
    for sent in (True, False):
        run = Outside(
            """
            Tasks:
              - {Name: ask, Action: 'ACS::Approve', Properties: {WebHook: {URI: 'http://h'}}}
            """
        )
        (call,) = run.ready()
        run.start(call)
        run.finish(call, NOT_MADE)
        if sent:
            assert [again.key for again in run.ready()] == ["ask#1"]
        run.write(journal.Voted("ask#0", run.now, True, "li"))
        assert run.next() == interpreter.Done("Success", {})


def test_entry_and_plain() -> None:
    entry = journal.Finished("a#0", BEGAN, NOT_MADE)
    found = journal.plain(entry)
    assert found["outcome"] == "not_made"
    assert journal.entry(found) == entry


@pytest.mark.parametrize("status", ["running", "in doubt"])
def test_the_next_due_time_is_told_while_calls_run(status: str) -> None:
    run = Outside(
        """
        Tasks:
          - Name: each
            Action: ACS::ExecuteAPI
            Retries: 1
            DelayType: Constant
            Delay: 30
            Properties: {Service: ECS, API: Run, Parameters: {A: '{{ ACS::TaskLoopItem }}'}}
            Loop: {Items: [a, b, c], RateControl: {Concurrency: 3}}
        """
    )
    ready = run.ready()
    for call in ready:
        run.start(call)
    run.finish(ready[0], journal.Failed("Busy"))
    due = BEGAN + timedelta(seconds=30)
    assert run.next() == interpreter.Wait(due, running=2)
    if status == "in doubt":
        run.finish(ready[1], journal.Unknown())
        (lookup,) = run.ready()
        run.finish(lookup, journal.Unknown())
        assert run.next() == interpreter.Wait(due, running=1)
        run.tell("stopped")
        assert run.next() == interpreter.Wait(None, running=1)
    else:
        run.now = due
        assert [call.key for call in run.ready()] == ["each[0]#1"]
