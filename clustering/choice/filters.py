"""What a listener wants or leaves out: genres, artists, years, languages... Rows in, rows out.

What is wanted must be told by the table: a track whose year nobody knows is not of the nineties.
What is left out must be told, too: a track whose genre nobody knows is no country music.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue
from clustering.choice.languages import languages
from clustering.tables.tracks import TrackTable, credited_artists
from foundation.errors import InputError
from foundation.languages.names import known_language

if TYPE_CHECKING:
    from clustering.tables.large_tables import LargeTable

MEANINGS = {"genre": "genres", "explicit": "explicit content", "year": "the year of release"}
LEFT_OUT = ("not_genres", "not_artists", "not_languages", "not_tracks")
NAMES = ("genres", "artists", "languages", *LEFT_OUT)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What tracks must be, and must not be; what is None or empty asks for nothing.

    Where names are asked for, one may stand alone: ``Filters(genres="rock")``.

    Attributes
    ----------
    genres, artists
        Any of these, in any case; by any of these artists, guests included.
    explicit
        Whether tracks must, or must not, be marked explicit.
    years
        First and last year of release, both included.
    popularity
        Lowest and highest popularity, 0-100, both included.
    languages
        Any of these, by ISO 639-1 codes (as which they are kept) or English names: told by the
        table, or else by the title.
    not_genres, not_artists, not_languages, not_tracks
        None of these; tracks by their ids.

    Raises
    ------
    InputError
        If years or popularity run backwards or out of range, a language is not known, or a name or
        `explicit` is of another type.
    """

    genres: Sequence[str] = ()
    artists: Sequence[str] = ()
    explicit: bool | None = None
    years: tuple[int, int] | None = None
    popularity: tuple[float, float] | None = None
    languages: Sequence[str] = ()
    not_genres: Sequence[str] = ()
    not_artists: Sequence[str] = ()
    not_languages: Sequence[str] = ()
    not_tracks: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check the ranges, and take names as tuples, languages as codes."""
        for name in NAMES:
            given = getattr(self, name)
            names = (given,) if isinstance(given, str) else tuple(given)
            if not all(isinstance(one, str) for one in names):
                raise InputError(f"{name} are {names!r}; give names")
            if name.endswith("languages"):
                names = tuple(known_language(language) for language in names)
            object.__setattr__(self, name, names)
        if not isinstance(self.explicit, bool | None):
            raise InputError(f"explicit is {self.explicit!r}; give True, False or None")
        for name in ("years", "popularity"):
            bounds = getattr(self, name)
            if bounds is not None:
                first, last = bounds
                object.__setattr__(self, name, (first, last))
        if self.years is not None:
            first, last = self.years
            if not 0 <= first <= 9999 or not 0 <= last <= 9999:
                raise InputError(f"years {first}-{last}: give the first and the last, 0 to 9999")
            if first > last:
                raise InputError(f"years {first}-{last} run backwards; give the earlier year first")
        if self.popularity is not None:
            lowest, highest = self.popularity
            if not 0 <= lowest <= highest <= 100:
                raise InputError(
                    f"popularity {lowest:g}-{highest:g}: give the lowest and the highest, "
                    "from 0 to 100"
                )

    def with_more(self, more: "Filters") -> "Filters":
        """Return these filters with what `more` asks for.

        Where both say what is wanted, `more` wins; what is left out adds up.
        """
        asked = {
            field.name: value
            for field in fields(more)
            if (value := getattr(more, field.name)) not in (None, ())
        }
        for name in LEFT_OUT:
            asked[name] = tuple(dict.fromkeys((*getattr(self, name), *getattr(more, name))))
        return replace(self, **asked)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a track table that are asked for; a language may also be told by the name."""
        asked = {
            "genre": bool(self.genres or self.not_genres),
            "artist": bool(self.artists or self.not_artists),
            "explicit": self.explicit is not None,
            "year": self.years is not None,
            "popularity": self.popularity is not None,
            "name": bool(self.languages or self.not_languages),
            "track_id": bool(self.not_tracks),
        }
        return tuple(column for column, is_asked in asked.items() if is_asked)

    def told_by(self, table: "TrackTable | LargeTable") -> tuple["Filters", tuple[str, ...]]:
        """Return the filters that a table can answer, and a note for each of the others."""
        told, notes = self, []
        for column, names in {
            "genre": ("genres", "not_genres"),
            "explicit": ("explicit",),
            "year": ("years",),
            "popularity": ("popularity",),
        }.items():
            if column in self.columns and not table.has(column):
                told = replace(told, **{name: getattr(Filters(), name) for name in names})
                notes.append(
                    f"{table.source} does not tell {MEANINGS.get(column, column)}, so your "
                    "profile's wishes about that are left aside"
                )
        return told, tuple(notes)

    def passed(self, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row whether it passes all.

        Raises
        ------
        KeyError
            If the frame lacks one of `columns`.
        """
        keep = np.ones(len(frame), dtype=bool)
        if self.genres:
            keep &= _of_genres(frame["genre"], self.genres)
        if self.not_genres:
            keep &= ~_of_genres(frame["genre"], self.not_genres)
        if self.artists:
            keep &= of_artists(frame["artist"], self.artists)
        if self.not_artists:
            keep &= ~of_artists(frame["artist"], self.not_artists)
        if self.explicit is not None:
            keep &= (frame["explicit"] == self.explicit).fillna(False).to_numpy(dtype=bool)
        if self.years is not None:
            keep &= frame["year"].between(*self.years).to_numpy(dtype=bool)
        if self.popularity is not None:
            keep &= frame["popularity"].between(*self.popularity).to_numpy(dtype=bool)
        if self.not_tracks:
            keep &= ~frame["track_id"].isin(self.not_tracks).to_numpy(dtype=bool)
        if self.languages or self.not_languages:  # last: to tell a language takes longest
            rows = np.flatnonzero(keep)
            told = languages(frame.iloc[rows])
            if self.languages:
                keep[rows] &= np.isin(told.astype(str), self.languages)
            keep[rows] &= ~np.isin(told.astype(str), self.not_languages)
        return keep


def allowed_rows(catalogue: Catalogue, filters: Filters) -> np.ndarray:
    """Return the rows of a catalogue that pass the filters, at least one.

    Raises
    ------
    InputError
        If the table lacks what is filtered on, or knows no such genre or artist, or no row passes.
    """
    table = catalogue.table
    for column in filters.columns:
        if not table.has(column):
            raise lacking(table.source, column)
    if filters.genres:
        _check_genres(catalogue.genres, filters.genres)
    rows = np.flatnonzero(filters.passed(table.frame))
    if not len(rows):
        if filters.artists and not of_artists(table.frame["artist"], filters.artists).any():
            raise InputError(
                f"no track is by {', '.join(map(repr, filters.artists))}; check the spelling, or "
                "leave the artist filter out"
            )
        raise none_passes(len(table))
    return rows


def lacking(source: str, column: str) -> InputError:
    """Return what to say of a table that does not tell what is filtered on."""
    return InputError(
        f"{source} does not tell {MEANINGS.get(column, column)}: it has no column {column}; "
        "leave that filter out or give a table with it"
    )


def none_passes(n_tracks: int) -> InputError:
    """Return what to say when filters leave nothing."""
    return InputError(
        f"none of the {n_tracks} tracks passes the filters together; widen the genres, artists, "
        "years or whatever else is asked for or left out"
    )


def _check_genres(known: dict[str, str], genres: Sequence[str]) -> None:
    unknown = sorted({genre.strip().casefold() for genre in genres} - known.keys())
    if unknown:
        names = list(known.values())
        more = f" and {len(names) - 30} more" if len(names) > 30 else ""
        raise InputError(
            f"no track has the genre {', '.join(map(repr, unknown))}; choose from: "
            f"{', '.join(names[:30])}{more}"
        )


def _of_genres(cells: pd.Series, genres: Sequence[str]) -> np.ndarray:
    wanted = {name.strip().casefold() for name in genres}
    cells = cells.fillna("").str.casefold()
    having = {c for c in cells.unique() if wanted & {g.strip() for g in c.split(";")}}
    return cells.isin(having).to_numpy(dtype=bool)


def of_artists(cells: pd.Series, artists: Sequence[str]) -> np.ndarray:
    """Return for each artist cell whether one of `artists` is credited in it, in any case."""
    wanted = {artist.strip().casefold() for artist in artists}
    parts = {credited_artists(artist.strip())[0] for artist in artists if artist.strip()}
    # A name with a comma or "&" in it is first taken whole, then by its first part.
    whole = cells.str.casefold().str.strip().isin(wanted)
    credited = pd.Series([bool(parts & {*credited_artists(c)}) for c in cells], cells.index, bool)
    return (whole | credited).to_numpy(dtype=bool)
