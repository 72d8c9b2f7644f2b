"""Photographs of the page: one picture, or a row of them that becomes a recording."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page

REFINED = 3
"""Rounds of k-means after the median cut: what is small, such as a sign, keeps its colour."""
POINTER = """([x, y]) => {
  const pointer = document.querySelector(".pointer") ?? document.createElement("div");
  pointer.className = "pointer";
  Object.assign(pointer.style, {
    position: "fixed", left: `${x - 11}px`, top: `${y - 11}px`, width: "22px", height: "22px",
    borderRadius: "50%", background: "rgb(20 20 20 / 30%)", border: "2px solid white",
    boxShadow: "0 0 0 1px rgb(20 20 20 / 45%)", pointerEvents: "none", zIndex: 99,
  });
  (document.querySelector("dialog[open]") ?? document.body).append(pointer);
}"""
"""A mark where the next click goes, as a photograph shows no mouse."""


class Camera:
    def __init__(self, page: Page) -> None:
        self.page = page
        self._frames: list[tuple[bytes, int]] = []

    async def take(self, milliseconds: int = 800) -> None:
        """One more frame, shown for so long; one that looks like the last prolongs that."""
        shot = await self.page.screenshot()
        if self._frames and self._frames[-1][0] == shot:
            milliseconds += self._frames.pop()[1]
        self._frames.append((shot, milliseconds))

    async def point(self, target: Locator, milliseconds: int = 700) -> None:
        """A frame with the pointer on what is clicked next."""
        await target.scroll_into_view_if_needed()
        box = await target.bounding_box()
        assert box is not None, "what is pointed at is on the page"
        place = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        await self.page.evaluate(POINTER, place)
        await self.take(milliseconds)
        await self.page.evaluate("document.querySelector('.pointer').remove()")

    async def photograph(self, part: Locator) -> None:
        """One picture, of a part of the page."""
        self._frames = [(await part.screenshot(), 0)]

    async def develop(self, path: Path) -> Path:
        """Write what was taken: one picture as PNG, more as an animated GIF."""
        pictures = [Image.open(io.BytesIO(shot)).convert("RGB") for shot, _ in self._frames]
        if len(pictures) == 1:
            file = path.with_name(path.name + ".png")
            pictures[0].quantize(256, kmeans=REFINED).save(file, optimize=True)
            return file
        file = path.with_name(path.name + ".gif")
        palette = _palette(pictures)
        frames = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
        lengths = [milliseconds for _, milliseconds in self._frames]
        frames[0].save(
            file, save_all=True, append_images=frames[1:], duration=lengths, loop=0, optimize=False
        )
        return file


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """The colours of all frames together, so that what does not change differs in no frame: those
    that are frequent, and those that are far from all others, such as a small sign's."""
    width, height = (side // 2 for side in pictures[0].size)
    every = Image.new("RGB", (width, height * len(pictures)))
    for number, picture in enumerate(pictures):
        small = picture.resize((width, height), Image.Resampling.NEAREST)
        every.paste(small, (0, number * height))
    frequent = every.quantize(192).getpalette() or []
    distant = every.quantize(64, Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(frequent[: 3 * 192] + distant[: 3 * 64])
    return palette
