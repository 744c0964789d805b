"""The account: method calls flow in, Spotify's answers flow out as `spotify.answers` objects.

`Account` makes only calls that an app registered today may make, in the form that Spotify's
reference documents: through spotipy, and by itself what spotipy sends in another form.
`Account._call` is the one place that knows what to do when a call fails:

=========================  ======================================================================
401                        one new token, then `LoginNeededError`
429                        waits up to a minute, five minutes in all, then `QuotaExceededError`
403, 404, other 4xx        `ForbiddenError`, `NotFoundError`, `RefusedError`
5xx, no or a wrong answer  repeated after 1, 2 and 4 s, then `UnreachableError`; what would do
                           something twice is not repeated, but `UnsureError`
=========================  ======================================================================
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import spotipy

from spotify import answers
from spotify.answers import Entry, OwnPlaylist, Page, SpotifyTrack
from spotify.errors import (
    EndlessListError,
    ForbiddenError,
    LoginNeededError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    SpotifyError,
    UnreachableError,
    UnsureError,
)
from spotify.login import LOGIN_COMMAND, Authorisation
from spotify.transport import (
    PAUSES_SECONDS,
    TIMEOUT_SECONDS,
    CallFailedError,
    CheckedSession,
    attempt,
    say,
)

T = TypeVar("T")

SEARCH_PAGE = 10  # the most that Spotify gives since February 2026
PAGE = 50
MOST_URIS = 100  # of one call that writes
MOST_PAGES = 2_000  # of one list: Spotify gives no place beyond 100,000
LONGEST_WAIT_SECONDS = 60.0  # for one 429
MOST_WAITING_SECONDS = 300.0  # for all of a run
MOST_USERS = 5

READ_PLAYLISTS = "playlist-read-private"
READ_SHARED = "playlist-read-collaborative"
WRITE_PRIVATE = "playlist-modify-private"
WRITE_PUBLIC = "playlist-modify-public"
READ_LIKED = "user-library-read"
READ_TOP = "user-top-read"


class Account:
    """A listener's Spotify account.

    Parameters
    ----------
    authorisation
        The login, as `spotify.login.authorise` gives it.
    tell
        Called with what the listener should know meanwhile, such as a pause.
    sleep
        Called to wait, with seconds.
    """

    def __init__(
        self,
        authorisation: Authorisation,
        *,
        tell: Callable[[str], None] = say,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # A session of ours instead of retries=0, status_retries=0: spotipy's own reports a 5xx
        # as a 429 without headers as soon as its repeating is set to nothing.
        self._session = CheckedSession()
        self._spotify = spotipy.Spotify(
            requests_session=self._session, requests_timeout=TIMEOUT_SECONDS
        )
        self._spotify.prefix = f"{authorisation.app.api_url}/"
        self._authorisation = authorisation
        self._token = ""
        self._waited_seconds = 0.0
        self.tell = tell
        self.sleep = sleep

    def me(self) -> str:
        """Return the id of the listener."""
        # spotipy asks for "me/", which is not documented.
        return self._call(lambda: self._sent("GET", "me"), answers.user_id)

    def search_tracks(self, query: str, offset: int = 0) -> Page[SpotifyTrack]:
        """Return ten hits in Spotify's query language, from `offset` on."""
        return self._call(
            lambda: self._spotify.search(query, limit=SEARCH_PAGE, offset=offset, type="track"),
            lambda answer: answers.page(answer["tracks"], offset, answers.track),
        )

    def track(self, track_id: str) -> SpotifyTrack:
        """Return the track with this id."""
        return self._call(lambda: self._spotify.track(track_id), answers.existing_track)

    def playlists(self) -> Iterator[OwnPlaylist]:
        """Yield all playlists in the listener's library, followed ones too."""

        def read(offset: int) -> Page[OwnPlaylist]:
            return self._call(
                lambda: self._spotify.current_user_playlists(limit=PAGE, offset=offset),
                lambda answer: answers.page(answer, offset, answers.playlist),
                scope=READ_PLAYLISTS,
            )

        return _all(read)

    def items_page(self, playlist_id: str, offset: int = 0) -> Page[Entry]:
        """Return fifty entries of one's own playlist, from `offset` on."""
        return self._call(
            lambda: self._spotify.playlist_items(playlist_id, limit=PAGE, offset=offset),
            lambda answer: answers.page(answer, offset, answers.entry),
            scope=READ_PLAYLISTS,
        )

    def playlist_items(self, playlist_id: str) -> Iterator[Entry]:
        """Yield all entries of one's own playlist."""
        return _all(lambda offset: self.items_page(playlist_id, offset))

    def saved_tracks(self, offset: int = 0) -> Page[Entry]:
        """Return fifty of the liked tracks, from `offset` on."""
        return self._call(
            lambda: self._spotify.current_user_saved_tracks(limit=PAGE, offset=offset),
            lambda answer: answers.page(answer, offset, answers.entry),
            scope=READ_LIKED,
        )

    def top_tracks(self, time_range: str, offset: int = 0) -> Page[Entry]:
        """Return fifty of the tracks heard most, from `offset` on.

        Parameters
        ----------
        time_range
            ``"long_term"`` (about a year), ``"medium_term"`` or ``"short_term"`` (four weeks).
        offset
            How many to pass over.
        """
        return self._call(
            lambda: self._spotify.current_user_top_tracks(
                limit=PAGE, offset=offset, time_range=time_range
            ),
            lambda answer: answers.page(answer, offset, answers.bare_entry),
            scope=READ_TOP,
        )

    def create_playlist(self, name: str, *, public: bool, description: str) -> OwnPlaylist:
        """Make an empty playlist; after `UnsureError` look for it before trying again."""
        return self._call(
            lambda: self._spotify.current_user_playlist_create(
                name, public=public, description=description
            ),
            answers.new_playlist,
            scope=WRITE_PUBLIC if public else WRITE_PRIVATE,
            repeatable=False,
        )

    def replace_items(self, playlist_id: str, uris: Sequence[str]) -> None:
        """Make up to 100 tracks the whole content of a playlist."""
        self._call(
            lambda: self._spotify.playlist_replace_items(playlist_id, list(uris)),
            answers.nothing,
            scope=WRITE_PRIVATE,
        )

    def add_items(self, playlist_id: str, uris: Sequence[str], position: int) -> None:
        """Put up to 100 tracks into a playlist before `position`; `UnsureError` as for making."""
        # spotipy sends the bare list, which is not documented.
        body = {"uris": list(uris), "position": position}
        path = f"playlists/{quote(playlist_id, safe='')}/items"
        self._call(
            lambda: self._sent("POST", path, body),
            answers.nothing,
            scope=WRITE_PRIVATE,
            repeatable=False,
        )

    def change_details(
        self, playlist_id: str, *, name: str, description: str, public: bool
    ) -> None:
        """Give a playlist another name and description, and show it or not."""
        self._call(
            lambda: self._spotify.playlist_change_details(
                playlist_id, name=name, description=description, public=public
            ),
            answers.nothing,
            scope=WRITE_PUBLIC if public else WRITE_PRIVATE,
        )

    # --------------------------------------------------------------------------------- calling

    def _sent(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call by ourselves, and return what the answer holds."""
        response = self._session.request(
            method,
            f"{self._spotify.prefix}{path}",
            headers={"Authorization": f"Bearer {self._token}"},
            json=body,
            timeout=TIMEOUT_SECONDS,
        )
        return response.json() if response.content.strip() else None

    def _call(
        self,
        ask: Callable[[], Any],
        read: Callable[[Any], T],
        *,
        scope: str = "",
        repeatable: bool = True,
    ) -> T:
        self._token = self._authorisation.access_token()
        has_renewed, pauses = False, iter(PAUSES_SECONDS)
        while True:
            self._spotify.set_auth(self._token)
            try:
                return attempt(lambda: read(ask()))
            except CallFailedError as failed:
                if failed.status == 401 and not has_renewed:
                    self._token = self._authorisation.renewed(self._token)
                    has_renewed = True
                elif failed.status == 429:
                    self._wait(failed)
                elif not failed.may_pass:
                    raise _as_error(failed, scope) from failed
                elif not repeatable:
                    raise UnsureError(
                        f"Spotify may have done what it was asked, or not ({failed.words}); run "
                        "the same command again, it looks first"
                    ) from failed
                elif (pause := next(pauses, None)) is not None:
                    self.sleep(pause)
                else:
                    raise UnreachableError(
                        f"Spotify cannot be reached ({failed.words}, {len(PAUSES_SECONDS) + 1} "
                        "times); check the connection and run the same command again"
                    ) from failed

    def _wait(self, failed: CallFailedError) -> None:
        seconds = failed.retry_after_seconds
        if seconds > LONGEST_WAIT_SECONDS or self._waited_seconds + seconds > MOST_WAITING_SECONDS:
            then = datetime.now() + timedelta(seconds=seconds)
            raise QuotaExceededError(
                f"Spotify's quota for this app is used up; it asks to wait {_in_words(seconds)}, "
                f"until {then:%Y-%m-%d %H:%M}",
                seconds,
            ) from failed
        self._waited_seconds += seconds
        self.tell(f"Spotify asks to wait {seconds:.0f} s")
        self.sleep(seconds)


def pages(read: Callable[[int], Page[T]], offset: int = 0) -> Iterator[Page[T]]:
    """Yield the pages of a list from `offset` on.

    Raises
    ------
    EndlessListError
        If it has no end.
    """
    before: Page[T] | None = None
    for _ in range(MOST_PAGES):
        page = read(offset)
        if page.repeats(before):
            break
        yield page
        if page.next_offset is None:
            return
        offset, before = page.next_offset, page
    raise EndlessListError(
        f"Spotify gives a list that has no end (after {offset:,} entries); try again later, and "
        "if that does not help, look at that list in Spotify"
    )


def _all(read: Callable[[int], Page[T]]) -> Iterator[T]:
    for page in pages(read):
        yield from page.items


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def _as_error(failed: CallFailedError, scope: str) -> SpotifyError:
    if failed.status == 401:
        return LoginNeededError(
            f"Spotify does not accept the login ({failed.words}); log in again: `{LOGIN_COMMAND}`"
        )
    if failed.status == 403:
        return _forbidden(failed.words, scope)
    if failed.status == 404:
        return NotFoundError(
            f"Spotify knows nothing under this address ({failed.words}); look whether it was "
            "removed"
        )
    return RefusedError(
        f"Spotify refuses the call ({failed.words}); if an update of Emotify does not help, report "
        "it"
    )


def _forbidden(words: str, scope: str) -> ForbiddenError:
    """Say which right is missing, as far as Spotify's message tells."""
    login = f"the login lacks the permission {scope or 'for this'}: `{LOGIN_COMMAND}` asks for it"
    premium = "the owner of the app needs Spotify Premium"
    listed = (
        f"the listener must be among the app's at most {MOST_USERS} users: add them in "
        "https://developer.spotify.com/dashboard under User Management"
    )
    if re.search(r"\bscope", words, re.IGNORECASE):
        reason = login
    elif re.search(r"premium", words, re.IGNORECASE):
        reason = premium
    elif re.search(r"not (?:be )?registered|allow-?list|whitelist", words, re.IGNORECASE):
        reason = listed
    else:
        reason = f"it may be that {login}; or that {premium}; or that {listed}"
    return ForbiddenError(f"Spotify does not allow this ({words}); {reason}")
