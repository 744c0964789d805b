"""What a training needs of a corpus, told before anything is computed or written."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.text import counted
from ser.corpora.clips import SpokenClip, corpora_of, emotions_of, voice_of
from ser.corpora.ravdess import Clip, expected_clip_ids

# With fewer speakers a network learns their voices, with fewer clips of an emotion those clips.
LEAST_SPEAKERS = 4
LEAST_CLIPS = 8  # of each emotion
# One to be judged by, one to be calibrated by, one to learn from.
LEAST_SPEAKERS_OF_AN_EMOTION = 3
NEEDED = (
    f"Needed are two emotions or more, of each {LEAST_CLIPS} clips of "
    f"{LEAST_SPEAKERS_OF_AN_EMOTION} speakers who express another one, too, and {LEAST_SPEAKERS} "
    "such speakers in all; whoever and whatever falls short can be left out of the table"
)


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


def check_judgeable(clips: Sequence[SpokenClip]) -> None:
    """Refuse clips of any emotions that nobody could tell whether a network has learned.

    Somebody who is heard in one emotion alone says nothing about it: the voice gives it away. Such
    clips may be there, but for no emotion as more than half of its clips.

    Raises
    ------
    InputError
        If there are too few speakers, emotions or clips, a corpus has one emotion alone, or an
        emotion goes with its speakers; the message says what there is, and what is needed.
    """
    problems = _problems(clips)
    if problems:
        speakers = len({clip.speaker for clip in clips})
        raise InputError(
            f"{counted(len(clips), 'clip')} of {counted(speakers, 'speaker')} cannot be trained on "
            f"and judged: {'; '.join(problems)}. {NEEDED}"
        )


def single_emotion_speakers(clips: Sequence[SpokenClip]) -> frozenset[str]:
    """Return those who are heard in one emotion alone."""
    expressed: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        expressed[clip.speaker].add(clip.emotion.name)
    return frozenset(speaker for speaker, names in expressed.items() if len(names) == 1)


def _problems(clips: Sequence[SpokenClip]) -> list[str]:
    if not clips:
        return ["there are none"]
    names = emotions_of(clips)
    if len(names) == 1:
        return [f"all are {names[0]}, and there is nothing to tell apart"]
    problems = [
        f"{corpus} has {found[0]} alone, which says nothing about the corpora beside it"
        for corpus in corpora_of(clips)
        if len(found := emotions_of([clip for clip in clips if clip.corpus == corpus])) == 1
    ]
    alone = single_emotion_speakers(clips)
    telling = {voice_of(clip) for clip in clips if clip.speaker not in alone}
    if len(telling) < LEAST_SPEAKERS:
        some = f"{counted(len(telling), 'speaker')} with two emotions or more"
        problems.append(f"{some}, {LEAST_SPEAKERS} are needed")
    for name in names:
        of_it = [clip for clip in clips if clip.emotion.name == name]
        speakers = {voice_of(clip) for clip in of_it if clip.speaker not in alone}
        n_alone = sum(clip.speaker in alone for clip in of_it)
        if len(of_it) < LEAST_CLIPS:
            problems.append(f"{name} has {counted(len(of_it), 'clip')}")
        elif len(speakers) < LEAST_SPEAKERS_OF_AN_EMOTION:
            problems.append(
                f"{name} is expressed by {counted(len(speakers), 'speaker')} with another emotion"
            )
        elif 2 * n_alone > len(of_it):
            problems.append(
                f"{n_alone} of {len(of_it)} clips of {name} are by speakers with no other emotion, "
                "whose voices would be learned for it"
            )
    return problems


def is_whole(clips: Sequence[Clip]) -> bool:
    """Return whether these are all the clips of the speech corpus."""
    return {clip.clip_id for clip in clips} == set(expected_clip_ids("speech"))
