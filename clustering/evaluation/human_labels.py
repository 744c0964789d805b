"""What people said about tracks: labels of any common kind in, `JudgedTracks` of a table out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clustering.tables.columns import bare_track_id
from clustering.tables.layouts import ID_COLUMNS, folded_columns, folded_name
from clustering.tables.reading import read_frame
from clustering.tables.tracks import TrackTable
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError

LABEL_COLUMNS = ("mood", "emotion", "label")
VALENCE_COLUMNS = ("human_valence", "valence_human", "valence_dz", "valence_mean", "valence")
AROUSAL_COLUMNS = ("human_arousal", "arousal_human", "arousal_dz", "arousal_mean", "arousal")
# What other people call the moods that we name by emotions.
OTHER_WORDS = {
    "energetic": "angry",
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "sadness": "sad",
    "relaxed": "calm",
    "surprise": "surprised",
}


@dataclass(frozen=True)
class JudgedTracks:
    """Tracks of a table that people have judged.

    Attributes
    ----------
    rows
        Their rows in the table, (n,), ascending.
    moods
        The emotion whose music each is, (n,); ``""`` where people chose a word that is none of
        the eight emotions. None if there are no such labels.
    valence, arousal
        Each track's place among all judged ones, (n,), from -1 (lowest) to 1; the middle is the
        median, so that any scale will do. None if nobody rated them.
    notes
        What was left out.
    """

    rows: np.ndarray
    moods: np.ndarray | None
    valence: np.ndarray | None
    arousal: np.ndarray | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of judged tracks."""
        return len(self.rows)


def read_judgements(
    labels: str | Path,
    table: TrackTable,
    *,
    table_path: str | Path | None = None,
    mood: str | None = None,
    valence: str | None = None,
    arousal: str | None = None,
    where: str | None = None,
) -> JudgedTracks:
    """Read what people said about the tracks of a table.

    Parameters
    ----------
    labels
        A CSV or Parquet file with a track id and a mood, or a valence and an arousal, or all
        three. Or the name of a column of the table's own file that holds moods.
    table
        The tracks. Labels of other tracks are counted and left out.
    table_path
        The file that the table was read from, for labels that are a column of it.
    mood, valence, arousal
        Columns of the labels; None takes the first known name (`LABEL_COLUMNS`,
        `VALENCE_COLUMNS`, `AROUSAL_COLUMNS`). A column ``valence`` beside Spotify's own features
        is Spotify's, and not taken for people's unless it is named here.
    where
        ``COLUMN=VALUE`` takes only the judgements with that value, such as ``split=test``.

    Raises
    ------
    InputError
        If the file or a column is missing, a rating is no number, or no track of the table is
        judged.
    """
    path, frame, notes = _label_file(labels, table_path)
    if path != Path(labels):
        mood = str(labels)
    columns = folded_columns(frame.columns)
    if where is not None:
        frame = _only(frame, columns, where, path)
    kept = _told(frame, columns, {"mood": mood, "valence": valence, "arousal": arousal}, path)
    of_table = table.frame["track_id"]
    rows = np.flatnonzero(of_table.isin(kept.index))
    if not len(rows):
        raise InputError(
            f"none of the {len(kept)} judged tracks of {path} is in {table.source}; the ids must "
            "be those of the table"
        )
    judged = kept.loc[of_table.iloc[rows]]
    if len(judged) < len(frame):
        notes += (
            f"{len(frame) - len(judged):,} of {len(frame):,} judgements left out: not in the table "
            "as kept, without a judgement, or repeated",
        )
    moods = None
    if "mood" in judged:
        moods = judged["mood"].where(judged["mood"].isin(EMOTION_NAMES), "").to_numpy(dtype=str)
        strangers = sorted(set(judged["mood"]) - set(EMOTION_NAMES))
        if not (moods != "").any():
            raise InputError(
                f"{path}: no mood is one of {', '.join(EMOTION_NAMES)} (or "
                f"{', '.join(OTHER_WORDS)}); the first are: {', '.join(strangers[:5])}"
            )
        if strangers:
            notes += (f"moods that are none of ours fit no emotion: {', '.join(strangers[:20])}",)
    places = {name: _places(judged[name]) for name in ("valence", "arousal") if name in judged}
    return JudgedTracks(rows, moods, places.get("valence"), places.get("arousal"), notes)


def _label_file(
    labels: str | Path, table_path: str | Path | None
) -> tuple[Path, pd.DataFrame, tuple[str, ...]]:
    """Return the file that the labels are in: one of their own, or the table's if a column is."""
    if table_path is not None and not Path(labels).exists():
        frame, notes = read_frame(table_path)
        if str(labels) in frame:
            return Path(table_path), frame, notes
    return Path(labels), *read_frame(labels)


def _only(frame: pd.DataFrame, columns: dict[str, str], where: str, path: Path) -> pd.DataFrame:
    name, _, value = where.partition("=")
    kept = frame[frame[_column(columns, name, ())].astype("str") == value]
    if kept.empty:
        raise InputError(f"no judgement of {path} has {where}; write it as COLUMN=VALUE")
    return kept


def _told(
    frame: pd.DataFrame, columns: dict[str, str], asked: dict[str, str | None], path: Path
) -> pd.DataFrame:
    """Return the judgements by track id: ``mood``, or ``valence`` and ``arousal``, or all."""
    ids = _column(columns, None, ID_COLUMNS)
    if ids is None:
        raise InputError(f"{path} has no track id; call it one of: {', '.join(ID_COLUMNS)}")
    rated = VALENCE_COLUMNS[:-1] if "danceability" in columns else VALENCE_COLUMNS
    mood = _column(columns, asked["mood"], LABEL_COLUMNS)
    ratings = {
        "valence": _column(columns, asked["valence"], rated),
        "arousal": _column(columns, asked["arousal"], AROUSAL_COLUMNS),
    }
    told = pd.DataFrame({"track_id": bare_track_id(frame[ids])})
    if mood is not None:
        words = frame[mood].astype("str").str.strip().str.casefold()
        told["mood"] = words.map(lambda word: OTHER_WORDS.get(word, word))
    if all(ratings.values()):
        for name, column in ratings.items():
            told[name] = _numbers(frame[column], path)
    if len(told.columns) == 1:
        raise InputError(
            f"{path} says nothing about moods: it needs a column {' or '.join(LABEL_COLUMNS)}, or "
            f"people's valence and arousal (such as {rated[0]} and {AROUSAL_COLUMNS[0]}); its "
            f"columns are: {', '.join(map(str, list(frame.columns)[:30]))}"
        )
    return told.dropna().drop_duplicates("track_id").set_index("track_id")


def _column(columns: dict[str, str], asked: str | None, known: tuple[str, ...]) -> str | None:
    if asked is not None and folded_name(asked) not in columns:
        raise InputError(
            f"the labels have no column {asked!r}; they have: {', '.join(columns.values())}"
        )
    names = known if asked is None else (folded_name(asked),)
    return next((columns[name] for name in names if name in columns), None)


def _numbers(values: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values[numbers.isna() & values.notna()]
    if len(wrong):
        raise InputError(
            f"{path}: column {values.name} holds {str(wrong.iloc[0])[:40]!r}, which is no number"
        )
    return numbers


def _places(ratings: pd.Series) -> np.ndarray:
    return 2 * (ratings.rank().to_numpy(dtype=float) - 0.5) / len(ratings) - 1
