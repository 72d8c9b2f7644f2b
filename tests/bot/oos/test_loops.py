"""Loops: every form of rate control, batches and their pauses, canaries, aggregated outputs."""

import sys
from typing import Any

import pytest

from bot import source
from bot.oos.engine import calls, interpreter, journal, loops
from bot.oos.template import model
from tests.bot.oos import outside
from tests.bot.oos.outside import Outside, template

# ----------------------------------------------------------------------------- rate control


def pace(total: int, **control: Any) -> loops.Pace:
    return loops.pace(loops.rate(control), total)


@pytest.mark.parametrize(
    ("concurrency", "total", "speed"),
    [
        (1, 10, 1),
        ("3", 10, 3),
        (5.0, 10, 5),
        ("50%", 10, 5),
        ("50%", 3, 1),
        ("1%", 10, 1),
        ("0%", 10, 1),
        ("100%", 7, 7),
        ("29%", 100, 29),
        ("33.4 %", 1000, 334),
        (None, 10, 1),
        (500, 10, 500),
    ],
)
def test_concurrency(concurrency: Any, total: int, speed: int) -> None:
    assert pace(total, Concurrency=concurrency).batches == ((total, speed),)


@pytest.mark.parametrize(
    ("errors", "most"), [(0, 0), ("2", 2), ("0%", 0), ("10%", 1), ("19%", 1), ("100%", 10)]
)
def test_max_errors(errors: Any, most: int) -> None:
    assert pace(10, MaxErrors=errors).max_errors == most


@pytest.mark.parametrize(
    ("batch", "in_batches", "total", "batches"),
    [
        ([1, 2, 3], None, 6, ((1, 20), (2, 20), (3, 20))),
        ([1, 2, 3], None, 11, ((1, 20), (2, 20), (3, 20), (3, 20), (2, 20))),
        ([1, 5], [1, 2], 12, ((1, 1), (5, 2), (5, 2), (1, 2))),
        (["10%", "50%"], ["100%"], 20, ((2, 2), (10, 10), (8, 8))),
        (4, 3, 5, ((4, 3), (1, 3))),
        ("[2, 3]", "[1]", 5, ((2, 1), (3, 1))),
        ([1], None, 0, ((0, 1),)),
    ],
)
def test_batches(batch: Any, in_batches: Any, total: int, batches: Any) -> None:
    found = pace(total, Mode="Batch", Batch=batch, ConcurrencyInBatches=in_batches)
    assert found.batches == batches


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ({"Mode": "Concurrency,", "MaxErrors": "0,"}, "Mode is 'Concurrency,'; it is Concurrency"),
        ({"MaxErrors": "0,"}, "MaxErrors is '0,'; it is a number from 0, or 0% to 100%"),
        ({"Concurrency": 0}, "Concurrency is 0; it is a number from 1"),
        ({"Concurrency": "101%"}, "Concurrency is '101%'"),
        ({"Concurrency": True}, "Concurrency is True"),
        ({"Concurrency": -1}, "Concurrency is -1"),
        ({"Mode": "Batch"}, "Batch is missing"),
        ({"Mode": "Batch", "Batch": [0]}, "Batch is 0"),
        ({"BatchPauseOption": "Never"}, "BatchPauseOption is 'Never'"),
    ],
)
def test_rates_that_make_no_sense(control: Any, message: str) -> None:
    with pytest.raises(source.Invalid, match=message.replace("(", r"\(")):
        pace(10, **control)


def test_a_rate_control_may_be_json_and_its_keys_in_any_case() -> None:
    found = loops.rate('{"mode": "batch", "BATCH": [2], "maxerrors": "50%"}')
    assert loops.pace(found, 4) == loops.Pace(4, ((2, 20), (2, 20)), 2)
    assert loops.rate("") == loops.rate(None) == model.RateControl()
    with pytest.raises(source.Invalid, match="is not JSON"):
        loops.rate("fast")
    with pytest.raises(source.Invalid, match="it is an object"):
        loops.rate([1])


# ----------------------------------------------------------------------------- running


def looping(
    loop: str, answer: outside.Answer = outside.done, items: Any = None, **run: Any
) -> Outside:
    text = f"""
    Parameters: {{items: {{Type: List}}}}
    Tasks:
      - Name: each
        Action: ACS::ExecuteAPI
        Properties: {{Service: X, API: Do, Parameters: {{Item: '{{{{ ACS::TaskLoopItem }}}}'}}}}
        Outputs: {{value: {{Type: Number, ValueSelector: Value}}}}
        Loop: {loop}
    Outputs: {{all: {{Value: '{{{{ each.value }}}}'}}}}
    """
    given = list(range(6)) if items is None else items
    return Outside(text, answer, {"items": given}, **run)


def most_at_once(run: Outside) -> list[int]:
    """How many calls run together, from the journal."""
    found, running = [], 0
    for entry in run.journal:
        running += isinstance(entry, journal.Started)
        running -= isinstance(entry, journal.Finished)
        found.append(running)
    return found


@pytest.mark.parametrize(
    ("loop", "together"),
    [
        ("{Items: '{{ items }}'}", 1),
        ("{Items: '{{ items }}', RateControl: {Mode: Concurrency, Concurrency: 4}}", 4),
        ("{Items: '{{ items }}', Concurrency: '50%', MaxErrors: 1, Mode: Concurrency}", 3),
        ("{Items: '{{ items }}', RateControl: {Mode: Batch, Batch: [2, 5]}}", 4),
        (
            "{Items: '{{ items }}', "
            "RateControl: {Mode: Batch, Batch: [6], ConcurrencyInBatches: [2]}}",
            2,
        ),
        ("{Items: [1, 2, '{{ ACS::RegionId }}'], RateControl: {Concurrency: '100%'}}", 3),
    ],
)
def test_forms_of_loops(loop: str, together: int) -> None:
    run = looping(loop)
    assert run.end().status == "Success"
    assert max(most_at_once(run)) == together
    assert run.made_keys() == [f"each[{n}]#0" for n in range(3 if "RegionId" in loop else 6)]


def test_the_next_item_starts_as_soon_as_one_ends() -> None:
    run = looping("{Items: '{{ items }}', RateControl: {Concurrency: 2}}")
    first, second = run.ready()
    run.start(first)
    run.start(second)
    run.finish(second)
    (third,) = run.ready()
    assert third.key == "each[2]#0"
    assert run.state.counts() == loops.Counts(1, 0, 2, 3, 6)


def test_a_batch_waits_for_all_of_the_one_before() -> None:
    run = looping("{Items: '{{ items }}', RateControl: {Mode: Batch, Batch: [2, 3]}}")
    first, second = run.ready()
    run.start(first)
    run.start(second)
    run.finish(second)
    assert run.next() == interpreter.Wait(None, 1)
    run.finish(first)
    assert [call.key for call in run.ready()] == ["each[2]#0", "each[3]#0", "each[4]#0"]


@pytest.mark.parametrize(
    ("option", "pauses"),
    [
        ("Automatic", []),
        ("FirstBatchPause", ["each#batch0"]),
        ("EveryBatchPause", ["each#batch0", "each#batch1"]),
    ],
)
def test_pauses_after_batches(option: str, pauses: list[str]) -> None:
    run = looping(
        "{Items: '{{ items }}', "
        f"RateControl: {{Mode: Batch, Batch: [1, 2], BatchPauseOption: {option}}}}}",
        items=[1, 2, 3, 4],
    )
    for key in pauses:
        assert run.waits().pauses == (interpreter.Pause(key, "each", "batch"),)
        run.tell("resumed", key)
    assert run.end().status == "Success"
    assert len(run.made) == 4


def test_items_are_data_and_outputs_come_in_the_order_of_the_items() -> None:
    items = ["{{ items }}", {"a": 1}, [2]]
    run = looping(
        "{Items: '{{ items }}', RateControl: {Concurrency: 3}}",
        lambda call: {"Value": int(call.key[5])},
        items=items,
    )
    ready = run.ready()
    assert [outside.api(call).parameters["Item"] for call in ready] == items
    for call in ready:
        run.start(call)
    for call in reversed(ready):
        run.finish(call)
    assert run.end().outputs == {"all": [0, 1, 2]}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (list(range(1001)), "Loop.Items has 1001 items; the most is 1000"),
        ({"a": 1}, "Loop.Items is not a list"),
        (None, "Loop.Items is not a list"),
        ("a,b", "is not JSON"),
    ],
)
def test_items_that_are_none(items: Any, message: str) -> None:
    with pytest.raises(source.Invalid, match=message):
        loops.items(items)


def test_no_items_are_no_work() -> None:
    run = looping("{Items: '{{ items }}', RateControl: {Mode: Batch, Batch: [3]}}", items=[])
    assert run.end() == interpreter.Done("Success", {"all": []})
    assert run.state.counts() == loops.Counts(0, 0, 0, 0, 0)


def test_a_broken_rate_fails_the_task_with_a_clear_message() -> None:
    end = looping("{Items: '{{ items }}', RateControl: {Mode: 'Concurrency,'}}").end()
    assert "RateControl.Mode is 'Concurrency,'" in str(end.error)


@pytest.mark.parametrize(
    ("errors", "made", "status"),
    [(0, 1, "Failed"), (1, 2, "Failed"), ("50%", 4, "Failed"), (6, 6, "Success")],
)
def test_errors_beyond_the_limit_end_a_loop(errors: Any, made: int, status: str) -> None:
    run = looping(
        f"{{Items: '{{{{ items }}}}', RateControl: {{MaxErrors: '{errors}'}}}}",
        lambda call: journal.Failed("No", ""),
    )
    assert run.end().status == status
    assert len(run.made) == made


# ----------------------------------------------------------------------------- aggregates

AGGREGATES = """
Tasks:
  - Name: count
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: DescribeN, Parameters: {N: '{{ ACS::TaskLoopItem }}'}}
    When: {'Fn::Not': {'Fn::Equals': ['{{ ACS::TaskLoopItem }}', 3]}}
    Outputs:
      number: {Type: Number, ValueSelector: N}
      several: {Type: List, ValueSelector: '.N, .N'}
    Loop:
      Items: [1, 2, 3, 4]
      RateControl: {Concurrency: 2, MaxErrors: 1}
      Outputs:
        numbers: {AggregateType: 'Fn::ListJoin', AggregateField: NUMBER}
        lists: {AggregateType: 'Fn::ListJoin', AggregateField: several}
        total: {AggregateType: 'Fn::Sum', AggregateField: number}
Outputs:
  numbers: {Type: List, Value: '{{ count.numbers }}'}
  lists: {Type: List, Value: '{{ count.lists }}'}
  total: {Type: Number, Value: '{{ count.total }}'}
"""


def test_aggregates_are_of_the_items_that_were_done() -> None:
    def answer(call: calls.Call) -> Any:
        n = outside.api(call).parameters["N"]
        return journal.Failed("No", "") if n == 2 else {"N": n}

    run = Outside(AGGREGATES, answer)
    assert run.end().outputs == {"numbers": [1, 4], "lists": [[1, 1], [4, 4]], "total": 5}
    assert run.made_keys() == ["count[0]#0", "count[1]#0", "count[3]#0"]


# ----------------------------------------------------------------------------- canaries

FAST = "{Items: '{{ items }}', RateControl: {Concurrency: 4, MaxErrors: 1}}"


def test_a_canary_shows_its_outcome_and_waits_for_a_second_vote() -> None:
    def answer(call: calls.Call) -> Any:
        return journal.Failed("No", "off") if call.key == "each[1]#0" else {"Value": 7}

    run = looping(FAST, answer, pause_after=2)
    (approval,) = run.waits().approvals
    assert (approval.key, approval.kind) == ("each#canary", "canary")
    assert approval.shown == [
        {"item": 0, "status": "Success", "outputs": {"value": 7}},
        {"item": 1, "status": "Failed", "outputs": {}, "error": "each[1]: No: off"},
    ]
    assert len(run.made) == 2
    run.tell("resumed")
    assert run.waits().approvals, "only a vote passes it"
    run.vote(True)
    assert run.end().status == "Success"
    assert len(run.made) == 6


def test_a_canary_that_is_rejected_ends_the_run() -> None:
    run = looping(FAST, pause_after=1)
    run.waits()
    run.vote(False)
    assert run.end().status == "Cancelled"
    assert len(run.made) == 1


def test_a_canary_may_ask_for_two_votes() -> None:
    run = looping(FAST, pause_after=1, canary_votes=2)
    run.waits()
    run.vote(True, "li")
    run.waits()
    run.vote(True, "wang")
    assert run.end().status == "Success"


def test_no_canary_where_all_would_be_one_or_nothing_is_changed() -> None:
    assert looping(FAST, pause_after=6).end().status == "Success"
    reading = AGGREGATES.replace("MaxErrors: 1", "MaxErrors: 4")
    assert Outside(reading, lambda call: {"N": 1}, pause_after=1).end().status == "Success"


def test_a_canary_that_fails_too_often_needs_no_vote() -> None:
    failing = looping(FAST, lambda call: journal.Failed("No", ""), pause_after=2)
    assert failing.end().status == "Failed"


def test_the_vote_after_a_canary_is_also_that_of_the_batch() -> None:
    run = looping(
        "{Items: '{{ items }}', "
        "RateControl: {Mode: Batch, Batch: [2, 4], BatchPauseOption: EveryBatchPause}}",
        pause_after=2,
    )
    run.waits()
    run.vote(True)
    assert run.end().status == "Success"


# ----------------------------------------------------------------------------- templates as items


def test_loops_within_loops_count_the_outer_one() -> None:
    inner = template(
        """
        Parameters: {list: {Type: List}}
        Tasks:
          - Name: each
            Action: ACS::ExecuteAPI
            Properties: {Service: X, API: Do, Parameters: {I: '{{ ACS::TaskLoopItem }}'}}
            Loop: {Items: '{{ list }}'}
            Outputs: {v: {ValueSelector: V}}
        Outputs: {all: {Type: List, Value: '{{ each.v }}'}}
        """,
        "inner",
    )
    run = Outside(
        """
        Tasks:
          - Name: outer
            Action: ACS::Template
            Properties: {TemplateName: inner, Parameters: {list: '{{ ACS::TaskLoopItem }}'}}
            Outputs: {all: {Type: List, ValueSelector: '.all[]'}}
            Loop:
              Items: [[1, 2], [3]]
              RateControl: {Concurrency: 2}
              Outputs: {lists: {AggregateType: 'Fn::ListJoin', AggregateField: all}}
        Outputs: {lists: {Type: List, Value: '{{ outer.lists }}'}}
        """,
        lambda call: {"V": str(outside.api(call).parameters["I"])},
        library={"inner": inner},
        pause_after=1,
    )
    (approval,) = run.waits().approvals
    assert approval.key == "outer#canary"
    run.vote(True)
    assert run.end().outputs == {"lists": [["1", "2"], ["3"]]}
    assert run.state.counts() == loops.Counts(2, 0, 0, 0, 2)


def test_loops_that_need_a_person_are_refused() -> None:
    for action in ("ACS::Sleep", "ACS::Approve", "ACS::Choice", "ACS::Pause"):
        run = Outside(
            f"Tasks: [{{Name: a, Action: '{action}', Loop: {{Items: [1]}}, Properties: {{}}}}]"
        )
        assert f"{action} cannot loop" in str(run.end().error)


# ----------------------------------------------------------------------------- cost


def work_for(count: int) -> float:
    """How many functions a loop of so many items calls for each of them, when what is next is
    asked after every entry: counted and not timed, so that a busy machine changes nothing."""
    run = looping(
        "{Items: '{{ items }}', RateControl: {Concurrency: 20}}", items=list(range(count))
    )
    called = 0

    def count_call(frame: Any, event: str, argument: Any) -> None:
        nonlocal called
        called += event in ("call", "c_call")

    pending = list(run.ready())
    for call in pending:
        run.start(call)
    sys.setprofile(count_call)
    try:
        while pending:
            run.finish(pending.pop(0))
            progress = run.next()
            if isinstance(progress, interpreter.Calls):
                for call in progress.calls:
                    run.start(call)
                    pending.append(call)
    finally:
        sys.setprofile(None)
    assert run.state.counts() == loops.Counts(count, 0, 0, 0, count)
    return called / count


def test_a_long_loop_costs_as_much_per_item_as_a_short_one() -> None:
    work_for(50)
    assert work_for(1000) < 1.3 * work_for(100)
