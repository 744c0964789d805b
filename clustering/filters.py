"""What a listener leaves out: genres, artists, explicit tracks, years. Rows in, rows out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clustering.catalogue import Catalogue
from clustering.tracks import credited_artists
from ser.errors import InputError

MEANINGS = {"genre": "genres", "explicit": "explicit content", "year": "the year of release"}


@dataclass(frozen=True)
class Filters:
    """What tracks must be; what is None or empty asks for nothing.

    Attributes
    ----------
    genres, artists
        Any of these, in any case; by any of these artists, guests included.
    explicit
        Whether tracks must, or must not, be marked explicit.
    years
        First and last year of release, both included.
    """

    genres: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    explicit: bool | None = None
    years: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        *,
        genres: Sequence[str] | str | None = None,
        artists: Sequence[str] | str | None = None,
        explicit: bool | None = None,
        years: tuple[int, int] | None = None,
    ) -> "Filters":
        """Take one name or several.

        Raises
        ------
        InputError
            If the years run backwards.
        """
        if years is not None and years[0] > years[1]:
            raise InputError(
                f"years {years[0]}-{years[1]} run backwards; give the earlier year first"
            )
        return cls(_listed(genres), _listed(artists), explicit, years)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a track table that are asked for."""
        asked = {
            "genre": bool(self.genres),
            "artist": bool(self.artists),
            "explicit": self.explicit is not None,
            "year": self.years is not None,
        }
        return tuple(column for column, is_asked in asked.items() if is_asked)

    def passed(self, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row whether it passes all; one that lacks the value asked for does not.

        Raises
        ------
        KeyError
            If the frame lacks one of `columns`.
        """
        keep = np.ones(len(frame), dtype=bool)
        if self.genres:
            keep &= _of_genres(frame["genre"], {name.strip().casefold() for name in self.genres})
        if self.artists:
            keep &= _of_artists(frame["artist"], self.artists)
        if self.explicit is not None:
            keep &= (frame["explicit"] == self.explicit).fillna(False).to_numpy(dtype=bool)
        if self.years is not None:
            keep &= frame["year"].between(*self.years).to_numpy(dtype=bool)
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
        if filters.artists and not _of_artists(table.frame["artist"], filters.artists).any():
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
        "years or the explicit filter"
    )


def _listed(names: Sequence[str] | str | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _check_genres(known: dict[str, str], genres: Sequence[str]) -> None:
    unknown = sorted({genre.strip().casefold() for genre in genres} - known.keys())
    if unknown:
        names = list(known.values())
        more = f" and {len(names) - 30} more" if len(names) > 30 else ""
        raise InputError(
            f"no track has the genre {', '.join(map(repr, unknown))}; choose from: "
            f"{', '.join(names[:30])}{more}"
        )


def _of_genres(cells: pd.Series, wanted: set[str]) -> np.ndarray:
    cells = cells.fillna("").str.casefold()
    having = {c for c in cells.unique() if wanted & {g.strip() for g in c.split(";")}}
    return cells.isin(having).to_numpy(dtype=bool)


def _of_artists(cells: pd.Series, artists: Sequence[str]) -> np.ndarray:
    wanted = {artist.strip().casefold() for artist in artists}
    parts = {credited_artists(artist.strip())[0] for artist in artists if artist.strip()}
    # A name with a comma or "&" in it is first taken whole, then by its first part.
    whole = cells.str.casefold().str.strip().isin(wanted)
    credited = pd.Series([bool(parts & {*credited_artists(c)}) for c in cells], cells.index, bool)
    return (whole | credited).to_numpy(dtype=bool)
