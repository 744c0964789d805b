"""Audio features from ReccoBeats: Spotify ids flow in, a table by id flows out.

ReccoBeats is a free service, apart from Spotify, that knows the features of many tracks. A track
that it does not know is absent from the answer, so a row is matched by the Spotify id in its
address alone, never by its place. Nothing here raises for a service that fails: tracks keep their
place in a table without features, and a repeat asks for the missing ones only.
"""

import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from clustering.tables.columns import OPTIONAL_RANGES, RANGES
from foundation.progress import progress_bar
from foundation.records import RecordFormat
from spotify.addresses import reccobeats_url
from spotify.client import LONGEST_WAIT_SECONDS, MOST_WAITING_SECONDS, PAUSES_SECONDS, say
from spotify.transport import TIMEOUT_SECONDS, CallFailedError, attempt, checked_session

IDS_OF_A_CALL = 40  # the most that it takes
FEATURES = (
    "danceability",
    "energy",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "tempo",
)
LIMITS = {name: (RANGES | OPTIONAL_RANGES)[name] for name in FEATURES}
ADDRESS = re.compile(
    r"https?://open\.spotify\.com/(?:intl-\w+/)?track/([0-9A-Za-z]{22})(?:[/?#]|$)"
)
FORMAT = RecordFormat(
    "emotify-reccobeats", 1, "list of features from ReccoBeats", unnamed=True, indent=None
)


@dataclass
class _Known:
    """Features by id; an empty dictionary for a track that ReccoBeats does not know."""

    path: Path | None
    features: dict[str, dict[str, float]] = field(default_factory=dict)

    def save(self) -> None:
        if self.path is not None:
            FORMAT.write(self.path, {"features": self.features})


def audio_features(
    ids: Iterable[str],
    *,
    state: Path | None = None,
    tell: Callable[[str], None] = say,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[pd.DataFrame, bool]:
    """Ask ReccoBeats for the audio features of tracks.

    Parameters
    ----------
    ids
        Spotify ids; others are passed over.
    state
        File that keeps what was answered, so that a repeat asks for the rest only; None keeps
        nothing.
    tell
        Called with a note if some could not be asked for.
    sleep
        Called to wait, with seconds.

    Returns
    -------
    features
        Index ``track_id``, columns `FEATURES` in Spotify's units; a value that is none or out of
        range is missing, a track that ReccoBeats does not know has no row.
    complete
        Whether all could be asked for.

    Raises
    ------
    InputError
        If ``EMOTIFY_RECCOBEATS_URL`` is no address, or `state` cannot be written.
    """
    wanted = [track_id for track_id in dict.fromkeys(ids) if re.fullmatch(r"\w{22}", track_id)]
    known = _read_known(state, tell)
    waiting = [track_id for track_id in wanted if track_id not in known.features]
    parts = [waiting[i : i + IDS_OF_A_CALL] for i in range(0, len(waiting), IDS_OF_A_CALL)]
    service = _Service(reccobeats_url(), tell, sleep)
    for part in progress_bar(parts, "ReccoBeats", unit="call", show=bool(parts)):
        try:
            found = service.ask(part)
        except CallFailedError as failed:
            left = sum(track_id not in known.features for track_id in waiting)
            tell(
                f"ReccoBeats does not answer ({failed.words}): {left} tracks stay without "
                "features; run the same command again later, it asks for these only"
            )
            break
        known.features |= {track_id: found.get(track_id, {}) for track_id in part}
        known.save()
    rows = {
        track_id: known.features[track_id] for track_id in wanted if known.features.get(track_id)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=None)
    frame = frame.reindex(columns=list(FEATURES)).astype(float)
    complete = all(track_id in known.features for track_id in wanted)
    return frame.rename_axis(index="track_id"), complete


class _Service:
    """The line to ReccoBeats, with its rules on waiting."""

    def __init__(
        self, url: str, tell: Callable[[str], None], sleep: Callable[[float], None]
    ) -> None:
        self._url = url
        self._session = checked_session()
        self._tell = tell
        self._sleep = sleep
        self._waited_seconds = 0.0

    def ask(self, ids: list[str]) -> dict[str, dict[str, float]]:
        """Return what is known of up to 40 tracks, or raise `CallFailedError`."""
        pauses = iter(PAUSES_SECONDS)
        while True:
            try:
                return attempt(lambda: self._answer(ids))
            except CallFailedError as failed:
                seconds = failed.retry_after_seconds
                if failed.status == 429 and (
                    seconds <= LONGEST_WAIT_SECONDS
                    and self._waited_seconds + seconds <= MOST_WAITING_SECONDS
                ):
                    self._waited_seconds += seconds
                    self._tell(f"ReccoBeats asks to wait {seconds:.0f} s")
                elif failed.may_pass and (pause := next(pauses, None)) is not None:
                    seconds = pause
                else:
                    raise
                self._sleep(seconds)

    def _answer(self, ids: list[str]) -> dict[str, dict[str, float]]:
        response = self._session.get(
            f"{self._url}/audio-features", params={"ids": ",".join(ids)}, timeout=TIMEOUT_SECONDS
        )
        found = {}
        for row in response.json()["content"]:
            address = ADDRESS.match(str(row.get("href")))
            if address and address[1] in ids:
                found[address[1]] = _checked(row)
        return found


def _checked(row: dict[str, Any]) -> dict[str, float]:
    """Return the features that are numbers within their range."""
    return {
        name: float(value)
        for name, (low, high) in LIMITS.items()
        if isinstance(value := row.get(name), int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and low <= value <= high
    }


def _read_known(path: Path | None, tell: Callable[[str], None]) -> _Known:
    if path is None:
        return _Known(None)

    def known(stored: dict[str, Any]) -> _Known:
        rows = stored["features"].items()
        return _Known(path, {str(track_id): _checked(row) for track_id, row in rows})

    loss = "ReccoBeats is asked for everything again"
    return FORMAT.recall(path, known, tell, loss) or _Known(path)
