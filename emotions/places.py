"""Where something was observed: a stretch of time, a stretch of text, a part of a picture.

A place says where to look and holds nothing of what is there, so that an estimate can be kept
when the recording, the text or the picture is dropped.
"""

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Seconds:
    """A stretch of time.

    Attributes
    ----------
    start, end
        Seconds from the beginning of what was observed, pauses included; 0 <= start < end.

    Raises
    ------
    ValueError
        If it is no stretch.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        """Check the stretch once, here at the edge."""
        object.__setattr__(self, "start", float(self.start))
        object.__setattr__(self, "end", float(self.end))
        _check_stretch(self.start, self.end, "seconds")

    @property
    def middle(self) -> float:
        """Half-way between start and end, in seconds."""
        return (self.start + self.end) / 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, to the millisecond."""
        return {"start_seconds": round(self.start, 3), "end_seconds": round(self.end, 3)}


@dataclass(frozen=True)
class Characters:
    """A stretch of text, such as a sentence: ``text[start:end]``.

    Attributes
    ----------
    start, end
        Offsets in Unicode code points, as Python counts them; 0 <= start < end.

    Raises
    ------
    ValueError
        If it is no stretch, or an offset is no whole number.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        """Check the stretch once, here at the edge."""
        try:
            object.__setattr__(self, "start", operator.index(self.start))
            object.__setattr__(self, "end", operator.index(self.end))
        except TypeError as error:
            raise ValueError(f"characters are counted in whole numbers ({error})") from error
        _check_stretch(self.start, self.end, "characters")

    @property
    def middle(self) -> float:
        """Half-way between start and end, in characters."""
        return (self.start + self.end) / 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"start_character": self.start, "end_character": self.end}


Place = Seconds | Characters


def place_from_dict(stored: Mapping[str, Any]) -> Place:
    """Return the place that `to_dict` of it gave, possibly among other keys.

    Raises
    ------
    KeyError
        If there is none.
    ValueError
        If it is no stretch.
    """
    if "start_character" in stored:
        return Characters(stored["start_character"], stored["end_character"])
    return Seconds(stored["start_seconds"], stored["end_seconds"])


@dataclass(frozen=True)
class Box:
    """A part of a picture, its sides parallel to those of the picture.

    Attributes
    ----------
    left, top
        Pixels from the upper left corner of the picture as a person sees it, after it was turned
        upright; below 0 where the box begins outside.
    width, height
        Pixels, above 0.

    Raises
    ------
    ValueError
        If it is no box.
    """

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Check the box once, here at the edge."""
        sides = tuple(float(side) for side in (self.left, self.top, self.width, self.height))
        for name, side in zip(("left", "top", "width", "height"), sides, strict=True):
            object.__setattr__(self, name, side)
        if not (all(map(math.isfinite, sides)) and self.width > 0 and self.height > 0):
            raise ValueError(f"left, top, width, height {sides} are no box")

    def to_dict(self) -> dict[str, float]:
        """Return plain values for JSON, to a tenth of a pixel."""
        sides = {"left": self.left, "top": self.top, "width": self.width, "height": self.height}
        return {name: round(side, 1) for name, side in sides.items()}


def _check_stretch(start: float, end: float, unit: str) -> None:
    if not 0 <= start < end < math.inf:
        raise ValueError(f"from {start} to {end} {unit} is no stretch")
