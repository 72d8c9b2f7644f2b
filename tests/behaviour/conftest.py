"""The whole bot in this process, the sandbox in its own, one clock for both, on both platforms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import store
from bot.app import adapters
from bot.app import main as app
from sandbox import play, process
from sandbox.client import PROCESSES, Sandbox
from sandbox.console import company
from tests import stores

PROCESSES.set_forkserver_preload(["sandbox.__main__", "tests.sdk_models"])

OPEN = ("Pending", "Running", "Stopping")
"""Scripts that have not ended."""
PLATFORMS = ("dingtalk", "lark", "console")
ON_THE_CONSOLE = {
    "test_restart",
    "test_rejected",
    "test_timers_catch_up_after_the_bot_was_down",
}
"""What is also played on the console. The rest is where it is asked for: ``-k console``."""
OFF_THE_CONSOLE = {
    *("test_forms", "test_new_hire", "test_forms_agreed_to_while_away_are_found"),
    *("test_deliveries", "test_doubtful_cards", "test_old_messages", "test_unread"),
    "test_renaming_oneself_gives_no_vote_on_ones_own_request",
    "test_a_bot_that_was_put_out_of_the_group_tells_the_requester_directly",
    "test_what_nobody_could_be_told_is_a_dead_letter_that_is_sent_again",
    "test_the_loop_of_the_document",
    "test_what_is_cut_of_an_output_says_so_where_it_is_cut",
    "test_the_whole_output_is_one_command_away",
    "test_what_was_meant_is_suggested_and_said_once",
}
"""Forms, pushes that come late or twice, and what only the other platforms do or look like."""
MAINLY_ON = {
    "dingtalk": {
        *("test_capture", "test_clock", "test_history", "test_patterns", "test_reload"),
        "test_a_canary_is_voted_on_with_what_became_of_it",
        "test_a_click_after_the_time_is_late_even_before_the_timer",
        "test_a_failing_script_is_told_with_its_exit_code",
        "test_a_request_is_told_from_the_asking_to_its_end",
        "test_an_event_that_lacks_a_value_is_told_and_runs_nothing",
        "test_nobody_is_reminded_of_what_has_expired",
        "test_planning_and_lookups_that_wait_say_so",
        "test_stored_commands",
        "test_the_audit_chain_verifies_afterwards",
        "test_what_was_told_is_told_again_where_somebody_hands_its_event_to_the_rule",
        "test_windows_gets_powershell_or_a_refusal_before_the_vote",
    },
    "lark": {
        *("test_doctor", "test_foreign_lock", "test_limits", "test_restore"),
        "test_one_is_split_out_and_the_old_card_counts_for_nothing",
        "test_a_cloud_that_answers_is_not_said_to_be_waited_for",
        "test_a_failed_run_is_told_in_the_group_with_a_mention",
        "test_a_rejection_is_told_as_its_end",
        "test_a_run_that_waits_for_the_cloud_says_so_once_and_what_came_of_it",
        "test_a_short_restart_asks_for_nothing",
        "test_forged_events_are_refused_and_on_record",
        "test_it_is_paused_resumed_and_stopped_from_the_card",
        "test_newest_entries_cut_off_with_all_that_points_to_them_are_found",
        "test_results_that_cannot_be_read_are_told",
        "test_targets_that_drift_are_put_to_the_vote_again",
        "test_what_was_approved_too_long_ago_is_voted_on_again",
        "test_who_may_not_see_a_request_hears_that_there_is_none",
    },
}
"""What is the same on each platform: played on this one, and on the other with the slow tests."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    every = "console" in config.getoption("keyword")

    def wanted(item: pytest.Function) -> bool:
        callspec = getattr(item, "callspec", None)
        if callspec is None or callspec.params.get("platform") != "console":
            return True
        if stores.REPLICAS > 1 or {item.originalname, item.path.stem} & OFF_THE_CONSOLE:
            return False
        return every or item.originalname in ON_THE_CONSOLE

    items[:] = [item for item in items if wanted(item)]
    for item in items:
        callspec = getattr(item, "callspec", None)
        platform = callspec.params.get("platform") if callspec else None
        for main, stories in MAINLY_ON.items():
            if {item.originalname, item.path.stem} & stories and platform not in (
                *(None, "console"),
                main,
            ):
                item.add_marker(pytest.mark.slow)


SLOW = {
    "dingtalk": {"card_deadline": 15.0, "callback_grace": 15.0},
    "lark": {"card_deadline": 15.0},
}
"""Seconds that a click may wait for its answer, and an update for that of a click, where several
bots and their database are on the machine of one. Platforms wait for 2 or 3 seconds, which 50
clicks at once keep to on a machine that does nothing else."""


class MovedClock:
    """The real time plus what the test moved it by."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Scene(play.Play):
    """A play with the bot's insides at hand: its clock, its store, and stopping and starting it."""

    def __init__(self, sandbox: Sandbox, platform: str, path: Path) -> None:
        super().__init__(sandbox, platform, patience=20.0)
        self.clock = MovedClock()
        self.socket = path.with_name("console.sock")
        if platform == "console":
            company.furnish(path, self.socket)
        if stores.POSTGRES:
            stores.share(path)
        self.settings = adapters.load(path)
        self.apps: list[app.App] = []
        self.stop = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.sandbox.call("console", "join", socket=str(self.socket))
        if stores.REPLICAS > 1:
            await self.call("configure", **SLOW[self.platform])
        self.stop = asyncio.Event()
        for number in range(stores.REPLICAS):
            await self._start(app.App(stores.replica_of(self.settings, number), self.clock))

    async def _start(self, bot: app.App) -> None:
        ready = asyncio.Event()
        task = asyncio.create_task(bot.run(self.stop, ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({task, waiting}, timeout=15, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if task.done():
            await task
        assert ready.is_set(), "the bot did not get ready"
        self.apps.append(bot)
        self.tasks.append(task)

    async def end(self) -> None:
        """Stop as SIGTERM does."""
        self.stop.set()
        tasks, self.tasks, self.apps = self.tasks, [], []
        for task in tasks:
            await asyncio.wait_for(task, 15)

    async def advance(self, seconds: float) -> None:
        """Let time pass, for the platforms and for the bot."""
        await self.sandbox.advance(seconds)
        self.clock.offset += timedelta(seconds=seconds)
        for bot in self.apps:
            bot.wake()

    @contextmanager
    def reader(self) -> Iterator[Any]:
        with store.opened(self.settings.location, readonly=True) as opened, opened.reading() as one:
            yield one

    async def new_card(self, words: str, known: Sequence[str], chat: str = "ops") -> play.Entry:
        """Of several replicas the others know a card once it is on record that it was shown."""
        card = await super().new_card(words, known, chat)
        if stores.REPLICAS > 1:
            await self.settled()
        return card

    async def settled(self) -> None:
        """Wait until nothing is queued or in flight any more."""
        for _ in range(500):
            with self.reader() as reader:
                if not reader.status().effects:
                    return
            await asyncio.sleep(0.02)
        raise play.StoryFailed("the outbox did not run dry")

    async def pending(
        self, text: str, user: str = "alice", *, answer_lost: bool = False
    ) -> play.Entry:
        """Ask for something and wait for its card. ``answer_lost``: no bot learns of it."""
        known = await self.ids()
        await self.say(user, text)
        show = super().new_card if answer_lost else self.new_card
        return await show(text.split()[0], known)

    async def shown(self, chat: str = "ops") -> str:
        """What the bot has shown there: cards, and messages in front of those without room."""
        said = await self.transcript(chat)
        return "\n".join(entry["text"] for entry in said if entry["from"] == "bot")


@asynccontextmanager
async def playing(sandbox: Sandbox, platform: str, path: Path) -> AsyncIterator[Scene]:
    """The bot of this configuration on a platform, from its start to its end."""
    scene = Scene(sandbox, platform, path)
    await scene.start()
    try:
        yield scene
    finally:
        await scene.end()


async def invocations(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await scene.sandbox.call("aliyun", "invocations")
    return found


@asynccontextmanager
async def time_goes_by(scene: Scene) -> AsyncIterator[None]:
    """Within, time passes quickly while no script runs: what waits to be sent or delivered again
    need not wait."""

    async def pass_on() -> None:
        while True:
            await asyncio.sleep(0.2)
            running = [one for one in await invocations(scene) if one["status"] in OPEN]
            if not running:
                await scene.advance(2.0)

    clock = asyncio.create_task(pass_on())
    try:
        yield
    finally:
        clock.cancel()
        await asyncio.gather(clock, return_exceptions=True)


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        async with playing(sandbox, platform, path) as played:
            yield played
