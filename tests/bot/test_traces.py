"""Something was started that the store knows nothing of: it is an older copy of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, store
from bot.app import traces
from bot.model import ports
from tests.bot import run_stage


class Cloud:
    """What was started there, by the digest of its plan."""

    def __init__(self) -> None:
        self.started: dict[str, list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    async def tokens(self, region: str, digest: str) -> list[str]:
        self.asked.append((region, digest))
        if self.fault is not None:
            raise self.fault
        return self.started.get(digest, [])


class Scene(run_stage.RunStage):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cloud = Cloud()

    def unknown(self) -> str:
        of: Any = lambda engine: self.cloud  # noqa: E731
        return self.loop.run_until_complete(traces.unknown(self.engine, of))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path)
    yield found
    found.close()


def test_what_runs_though_its_request_is_pending_here_is_found(scene: Scene) -> None:
    request = scene.planned("alice", "restart web-01")
    assert scene.unknown() == ""
    scene.cloud.started[request.digest] = ["cs-other-0"]
    assert scene.unknown() == "cs-other-0"
    assert scene.cloud.asked[0] == ("here", request.digest)


def test_a_call_of_a_template_that_this_store_did_not_make_is_found(scene: Scene) -> None:
    """It was further than the copy says."""
    request = scene.planned("alice", "fleet targets=web-01,web-02")
    scene.approve("bob", request.id)
    [look] = scene.held()
    known = look.effect.body
    assert isinstance(known, model.RunCall)
    scene.cloud.started[request.digest] = [known.token]
    assert scene.unknown() == ""
    scene.cloud.started[request.digest] = [known.token, "cs-later"]
    assert scene.unknown() == "cs-later"


def test_what_this_store_started_is_its_own(scene: Scene) -> None:
    request = scene.planned("alice", "restart web-01")
    scene.approve("bob", request.id)
    scene.work()
    scene.cloud.started[request.digest] = [scene.read(lambda r: r.steps(request.id))[0].token]
    assert scene.unknown() == ""


def test_a_cloud_that_does_not_answer_stops_no_start(scene: Scene) -> None:
    scene.planned("alice", "restart web-01")
    for fault in (ports.PollFailed("out of reach"), TimeoutError()):
        scene.cloud.fault = fault
        assert scene.unknown() == ""


def test_what_is_held_already_is_not_asked_about_again(scene: Scene) -> None:
    """Nor is the store taken for an old one at each start, as long as people leave it open."""
    request = scene.planned("alice", "restart web-01")
    scene.cloud.started[request.digest] = ["cs-other-0"]
    now = scene.clock.now()
    done = scene.loop.run_until_complete(
        scene.engine.write(lambda _: store.take_for_old(scene.store, now))
    )
    assert (done.held, done.first) == (1, request.id + store.sql.takeover.JUMP + 1)
    assert scene.unknown() == ""
    assert scene.planned("alice", "restart web-02").id == done.first
