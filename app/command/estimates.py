"""An estimate as a person reads it on a terminal, whatever sense it comes from."""

from emotions.estimate import EmotionEstimate, Segment
from emotions.labels import EMOTION_NAMES, in_percent
from emotions.places import Seconds

BAR_WIDTH = 30
SHOWN_WORDS = 60  # characters of a sentence in a timeline


def print_estimate(
    name: str, estimate: EmotionEstimate, *, timeline: bool = False, text: str = ""
) -> None:
    """Print emotion, doubts, a bar for each probability, nuances, and what it was along the way.

    Parameters
    ----------
    name
        What was judged.
    estimate
        What is said of it.
    timeline
        Whether to print the segments.
    text
        What was written, where it was that; segments show their words.
    """
    lasted = f"   {estimate.duration_seconds:.1f} s" if estimate.duration_seconds else ""
    if estimate.absence:
        print(f"{name}: {estimate.absence}{lasted}")
        _print_doubts(estimate)
        return
    print(
        f"{name}: {estimate.label} ({in_percent(estimate.confidence)})   "
        f"valence {estimate.valence:+.2f}   arousal {estimate.arousal:+.2f}{lasted}"
    )
    _print_doubts(estimate)
    for emotion, probability in zip(EMOTION_NAMES, estimate.probabilities, strict=True):
        bar = "█" * round(BAR_WIDTH * probability)
        print(f"  {emotion:<10}{in_percent(probability):>5} {bar}".rstrip())
    if estimate.nuances:
        told = (f"{n.name} {in_percent(n.probability)}" for n in estimate.nuances)
        print(f"  more closely: {', '.join(told)}")
    if not timeline:
        return
    if not estimate.segments:
        print("  timeline: all of it was judged at once")
    for segment in estimate.segments:
        print(f"  {_place(segment, text)}  {segment.label} ({in_percent(segment.confidence)})")


def _place(segment: Segment, text: str) -> str:
    place = segment.place
    if isinstance(place, Seconds):
        return f"{place.start:8.1f} - {place.end:.1f} s"
    words = " ".join(text[place.start : place.end].split())
    if len(words) > SHOWN_WORDS:
        words = words[: SHOWN_WORDS - 1] + "…"
    return f"{words:<{SHOWN_WORDS}}"


def _print_doubts(estimate: EmotionEstimate) -> None:
    for doubt in estimate.doubts:
        print(f"  not sure: {doubt}")
