"""Why a track is in a playlist, in words a listener would use.

"Low in energy" is said of a track that is so among the listener's tracks and by itself
(`clustering.moods.words`); one that is so in its table alone is "less energetic than most here".
"""

from clustering.moods.mapping import Aim
from clustering.moods.words import is_true
from clustering.tables.layouts import FEATURE_NAMES

# How a feature is said when a track is low or high in it.
WORDS: dict[str, tuple[str, str]] = {
    "danceability": ("hard to dance to", "danceable"),
    "energy": ("low in energy", "energetic"),
    "loudness": ("soft", "loud"),
    "speechiness": ("melodic", "wordy"),
    "acousticness": ("electric", "acoustic"),
    "instrumentalness": ("sung", "instrumental"),
    "valence": ("dark in tone", "bright in tone"),
    "tempo": ("slow", "fast"),
}
COMPARED: dict[str, tuple[str, str]] = {
    "danceability": ("less danceable", "more danceable"),
    "energy": ("less energetic", "more energetic"),
    "loudness": ("softer", "louder"),
    "speechiness": ("less wordy", "wordier"),
    "acousticness": ("less acoustic", "more acoustic"),
    "instrumentalness": ("less instrumental", "more instrumental"),
    "valence": ("darker", "brighter"),
    "tempo": ("slower", "faster"),
}
SAID = 3  # features named for a track
PLAIN = 0.1  # quantile steps from the middle below which a feature is not worth a word
EXTREME = 0.42  # steps from the middle from which on it may be "very" so
GAP = 0.3  # steps from the aim from which on a feature is owned up to
MINOR = 0.08  # weight below which nobody would miss the feature
MIDDLING = 0.2  # steps from the middle within which tone and energy are neither high nor low
WORDLESS = 0.5  # Spotify: an instrumentalness above it is meant to be an instrumental track


def reason(aim: Aim, place: dict[str, float], features: dict[str, float]) -> str:
    """Say what of a track answers the aim, and what does most against it, if anything does.

    Parameters
    ----------
    aim
        What was aimed at.
    place
        The track's quantile in each feature, 0..1.
    features
        The same features in Spotify's units.
    """
    pull = {f: aim.weights[f] * abs(aim.quantiles[f] - 0.5) for f in FEATURE_NAMES}
    meant = sorted(FEATURE_NAMES, key=lambda f: -pull[f])[: SAID + 1]
    words = [_word(f, place[f], features[f]) for f in meant if _answers(aim, f, place[f])]
    said = ", ".join([word for word in words if word][:SAID])
    said = said or _without_words(aim, place)
    gaps = {f: aim.weights[f] * (place[f] - aim.quantiles[f]) ** 2 for f in FEATURE_NAMES}
    worst = max(gaps, key=lambda f: gaps[f])
    step = place[worst] - aim.quantiles[worst]
    # Most tracks hold traces of instrumentalness, which rank high and mean nothing.
    trace = worst == "instrumentalness" and step > 0 and features[worst] < WORDLESS
    if abs(step) < GAP or aim.weights[worst] < MINOR or trace:
        return said
    return f"{said}; {COMPARED[worst][step > 0]} than aimed at"


def _answers(aim: Aim, feature: str, quantile: float) -> bool:
    """Say whether a track leans the way that the aim does."""
    wanted, found = aim.quantiles[feature] - 0.5, quantile - 0.5
    return wanted * found > 0 and abs(found) > PLAIN and abs(wanted) > PLAIN / 2


def _without_words(aim: Aim, place: dict[str, float]) -> str:
    """Return what there is to say of a track that leans no way that the aim does."""
    places = [where[f] for f in ("valence", "energy") for where in (aim.quantiles, place)]
    if all(abs(quantile - 0.5) <= MIDDLING for quantile in places):
        return "middling in tone and energy, as aimed at"
    return "among the nearest that were left"


def _word(feature: str, quantile: float, value: float) -> str:
    """Return the word for a feature, empty where the number only seems to say something."""
    high = quantile > 0.5
    if feature == "instrumentalness":
        return WORDS[feature][high] if (value > WORDLESS) == high else ""
    if not is_true(feature, value, high=high):
        return f"{COMPARED[feature][high]} than most here"
    extreme = abs(quantile - 0.5) > EXTREME and is_true(feature, value, high=high, very=True)
    return ("very " if extreme else "") + WORDS[feature][high]
