"""What Spotify documents of the calls that an app of today may make: a call in, what is wrong out.

After https://developer.spotify.com/documentation/web-api/reference with its changes of February
2026. A path, a name, a type or a number that is not documented is refused here, even where Spotify
itself passes over it today.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_HITS = 10
MOST_ENTRIES = 50
MOST_URIS = 100
ID = "[0-9A-Za-z]{22}"
URI = re.compile(rf"spotify:(?:track|episode):{ID}")


@dataclass(frozen=True)
class Call:
    """A call as it is documented.

    Attributes
    ----------
    method, path
        Such as ``"GET"`` and ``"/tracks/{id}"``.
    query
        What may stand in the query: names, and what says whether a value is right.
    body
        The same for the JSON object of the body; None where there is none.
    needs
        Names that must be there.
    """

    method: str
    path: str
    query: Mapping[str, Callable[[str], bool]] = field(default_factory=dict)
    body: Mapping[str, Callable[[Any], bool]] | None = None
    needs: frozenset[str] = frozenset()

    def ids(self, method: str, path: str) -> tuple[str, ...] | None:
        """Return the ids in a path, if this is the call that is made."""
        found = re.fullmatch(self.path.replace("{id}", f"({ID})"), path)
        return found.groups() if found and method == self.method else None

    def problem(self, query: Mapping[str, str], body: Any) -> str:
        """Return what is not as documented, or nothing."""
        if (self.body is None) != (body is None):
            return "There must be no body" if self.body is None else "There must be a JSON body"
        if body is not None and not isinstance(body, dict):
            return "The body must be a JSON object"
        for part, given, known in (
            ("query", query, self.query),
            ("body", body or {}, self.body or {}),
        ):
            for name, value in given.items():
                if name not in known:
                    return f"{name} is not documented in the {part}"
                if not known[name](value):
                    return f"Invalid {name}"
        absent = self.needs - {*query, *(body or {})}
        return f"Missing required field: {', '.join(sorted(absent))}" if absent else ""


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: set(value.split(",")) <= set(words)


def _up_to(most: int, least: int = 0) -> Callable[[str], bool]:
    return lambda value: bool(re.fullmatch(r"\d{1,7}", value)) and least <= int(value) <= most


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_place(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_uris(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MOST_URIS
        and all(isinstance(uri, str) and URI.fullmatch(uri) for uri in value)
    )


def _are_some_uris(value: Any) -> bool:
    return bool(value) and _are_uris(value)


_MARKET = {"market": lambda value: bool(re.fullmatch("[A-Z]{2}", value))}
_PAGE = {"limit": _up_to(MOST_ENTRIES, 1), "offset": _up_to(100_000)}
_DETAILS = {
    "name": _is_name,
    "public": _is_truth,
    "collaborative": _is_truth,
    "description": _is_text,
}

CALLS = (
    Call("GET", "/me"),
    Call(
        "GET",
        "/search",
        {
            "q": _is_name,
            "type": _one_of("album", "artist", "playlist", "track", "show", "episode", "audiobook"),
            **_MARKET,
            "limit": _up_to(MOST_HITS, 1),
            "offset": _up_to(1_000),
            "include_external": _one_of("audio"),
        },
        needs=frozenset({"q", "type"}),
    ),
    Call("GET", "/tracks/{id}", _MARKET),
    Call("GET", "/me/playlists", _PAGE),
    Call("GET", "/me/tracks", {**_MARKET, **_PAGE}),
    Call(
        "GET",
        "/me/top/tracks",
        {"time_range": _one_of("long_term", "medium_term", "short_term"), **_PAGE},
    ),
    Call(
        "GET",
        "/playlists/{id}/items",
        {**_MARKET, **_PAGE, "fields": _is_text, "additional_types": _one_of("track", "episode")},
    ),
    Call("POST", "/me/playlists", body=_DETAILS, needs=frozenset({"name"})),
    Call(
        "POST",
        "/playlists/{id}/items",
        body={"uris": _are_some_uris, "position": _is_place},
        needs=frozenset({"uris"}),
    ),
    Call("PUT", "/playlists/{id}/items", body={"uris": _are_uris}, needs=frozenset({"uris"})),
    Call("PUT", "/playlists/{id}", body=_DETAILS),
)
