"""What a training needs of a corpus, told before anything is computed or written."""

from collections import Counter
from collections.abc import Sequence

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import counted
from ser.corpora.ravdess import Clip, expected_clip_ids

# With fewer speakers a network learns their voices, with fewer clips of an emotion those clips.
LEAST_SPEAKERS = 4
LEAST_CLIPS = 8  # of each emotion


def check_enough(clips: Sequence[Clip]) -> None:
    """Refuse clips that no network for eight emotions can be trained on.

    Raises
    ------
    InputError
        If there are too few speakers, or clips of an emotion; the message says what there is, and
        what is needed.
    """
    speakers = len({clip.actor for clip in clips})
    counts = Counter(clip.emotion.name for clip in clips)
    few = [f"{name} {counts[name]}" for name in EMOTION_NAMES if counts[name] < LEAST_CLIPS]
    if speakers >= LEAST_SPEAKERS and not few:
        return
    lacking = f"; too few of: {', '.join(few)}" if few else ""
    raise InputError(
        f"{counted(len(clips), 'clip')} of {counted(speakers, 'speaker')} cannot be trained on"
        f"{lacking}. A training needs {LEAST_SPEAKERS} speakers and {LEAST_CLIPS} clips of each of "
        "the eight emotions at least; RAVDESS has 1440 clips of 24: emotify ravdess download DIR"
    )


def is_whole(clips: Sequence[Clip]) -> bool:
    """Return whether these are all the clips of the speech corpus."""
    return {clip.clip_id for clip in clips} == set(expected_clip_ids("speech"))
