"""When a word for a feature is true: not only among the listener's tracks, but by itself.

A table of metal has a quietest fifth, and it is not quiet. So "low in energy", "quiet", "acoustic"
and the like are said where two things hold: the track, or the mood, is on that side of the table,
and its value in Spotify's own units is beyond a bound of `BOUNDS`. Where the table alone says so,
the words are comparisons with most of it.
"""

# Spotify's units: up to the first the low word is very true, up to the second it is true; from the
# third on the high word is true, from the fourth on very. Where Spotify says what a value means
# (instrumentalness above .5: no voice; speechiness up to .33: music), its words; elsewhere
# about where the outer third, and for very the outer tenth to fifth, of an open catalogue of 76,000
# tracks begins.
BOUNDS: dict[str, tuple[float, float, float, float]] = {
    "danceability": (0.30, 0.50, 0.65, 0.80),
    "energy": (0.20, 0.40, 0.65, 0.85),
    "loudness": (-15.0, -10.0, -7.0, -5.0),
    "speechiness": (0.035, 0.06, 0.10, 0.20),
    "acousticness": (0.05, 0.20, 0.40, 0.80),
    "instrumentalness": (0.0, 0.50, 0.50, 0.90),
    "valence": (0.20, 0.40, 0.60, 0.80),
    "tempo": (80.0, 100.0, 130.0, 150.0),
}


def is_true(feature: str, value: float, *, high: bool, very: bool = False) -> bool:
    """Return whether a value is high, or low, by itself.

    Parameters
    ----------
    feature
        One of Spotify's eight.
    value
        In Spotify's units.
    high
        Whether the high word is asked about, or the low one.
    very
        Whether with "very" before it.
    """
    very_low, low, up, very_high = BOUNDS[feature]
    if high:
        return value >= (very_high if very else up)
    return value <= (very_low if very else low)
