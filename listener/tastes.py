"""From a profile and past judgements to a `Taste`, and judging a track by a word.

The rule for dislikes: a disliked track is left out; an artist is left out after `ARTIST_OUT`
disliked tracks, as long as none of theirs is liked. What is liked, and what merely sounds like it,
is the business of `clustering.choice.taste`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from clustering.choice.filters import Filters
from clustering.choice.opening import open_table
from clustering.choice.taste import COLUMNS, Taste
from clustering.tables.columns import bare_track_id
from clustering.tables.layouts import FEATURE_NAMES, NEEDED_COLUMNS
from clustering.tables.tracks import UNKNOWN_ARTIST, TrackTable, credited_artists
from foundation.errors import InputError
from listener.memory_file import folded
from listener.profile import Profile
from listener.rows import Track
from listener.store import Store

ARTIST_OUT = 3


def taste_of(profile: Profile, judgements: pd.DataFrame) -> Taste:
    """Return what is known of a listener's taste.

    Parameters
    ----------
    profile
        What they always want.
    judgements
        As `listener.store.Store.judgements` gives them.
    """
    liked, disliked = judgements[judgements["liked"]], judgements[~judgements["liked"]]
    unwanted = Filters(
        not_artists=[*profile.filters.not_artists, *unwanted_artists(judgements)],
        not_tracks=disliked["track_id"].tolist(),
    )
    return Taste(
        liked=liked[list(COLUMNS)],
        disliked=disliked[list(COLUMNS)],
        favourites=profile.favourites,
        filters=profile.filters.with_more(unwanted),
    )


def unwanted_artists(judgements: pd.DataFrame) -> list[str]:
    """Return primary artists of `ARTIST_OUT` disliked tracks or more, and of no liked one."""
    named = judgements[judgements["artist"] != UNKNOWN_ARTIST]
    names = {True: Counter[str](), False: Counter[str]()}
    for artist, liked in zip(named["artist"], named["liked"], strict=True):
        names[bool(liked)][credited_artists(artist)[0]] += 1
    return [
        name
        for name, times in sorted(names[False].items())
        if times >= ARTIST_OUT and not names[True][name]
    ]


def find_track(word: str, store: Store, table: str | Path | None = None) -> Track:
    """Find the track that a listener means.

    Parameters
    ----------
    word
        A number in the latest playlist (1 is its first track), an id, an address on Spotify, a
        title, or ``artist - title``.
    store
        Whose past playlists are looked through first.
    table
        The table to look in then; None for the one that comes with Emotify.

    Raises
    ------
    InputError
        If there is no such track, or several of that title.
    """
    latest = store.entries(1)
    if word.isdecimal() and len(word) <= 3:
        tracks = latest[0].playlist["tracks"] if latest else []
        if not 1 <= int(word) <= len(tracks):
            raise InputError(
                f"the latest playlist has {len(tracks)} tracks, no number {word}; "
                "`emotify history --last` shows it"
            )
        word = tracks[int(word) - 1]["track_id"]
    found = store.past_tracks(_bare(word), word)
    if not found:
        opened = open_table(table)
        if not isinstance(opened, TrackTable):
            raise InputError(
                f"no track {word!r} in your playlists, and {opened.source} is too large to look "
                "through; name a track of one of your playlists"
            )
        found = _meant(word, _tracks(_candidates(opened.frame, word)))
    if not found:
        raise InputError(
            f"no track {word!r} in your playlists or in the table; give a number of the latest "
            "playlist, an id, an address, a title, or the table it is in with --tracks"
        )
    if len(found) > 1:
        names = "; ".join(f"{t.artist} - {t.name} ({t.track_id})" for t in found[:5])
        raise InputError(f"{word!r} may be several tracks: {names}; give the id of one")
    return found[0]


def _candidates(frame: pd.DataFrame, word: str) -> pd.DataFrame:
    """Return rows that `word` may mean; only few of a table need a closer look."""
    titles = {folded(word), folded(word.partition(" - ")[2])}  # a title may hold a dash, too
    rows = (frame["track_id"] == _bare(word)) | frame["name"].str.casefold().isin(titles)
    return frame.loc[rows, list(NEEDED_COLUMNS)]


def _tracks(frame: pd.DataFrame) -> Iterator[Track]:
    for row in frame.to_dict("records"):
        features = {name: float(row[name]) for name in FEATURE_NAMES}
        yield Track(row["track_id"], row["name"], row["artist"], features)


def _meant(word: str, tracks: Iterable[Track]) -> list[Track]:
    """Return the tracks that a word means: by id if there is one, else by title."""
    track_id, text = _bare(word), folded(word)
    by_title: dict[str, Track] = {}
    for track in tracks:
        if track.track_id == track_id:
            return [track]
        if text in (folded(track.name), folded(f"{track.artist} - {track.name}")):
            by_title.setdefault(track.track_id, track)
    return list(by_title.values())


def _bare(word: str) -> str:
    return str(bare_track_id(pd.Series([word])).fillna(word).iloc[0])
