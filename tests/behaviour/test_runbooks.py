"""Templates as people live them, on both platforms and both engines."""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene


async def test_a_template_with_an_approval_of_its_own(scene: Scene) -> None:
    await play.reboot(scene)


async def test_a_rejection_within(scene: Scene) -> None:
    await play.reboot_rejected(scene)


async def test_a_partial_failure(scene: Scene) -> None:
    await play.reboot_failing(scene)
