"""The stand-in is as strict as Spotify is to an app of today, and the product keeps to that."""

import ast
import json
import re

import pytest
import requests

from foundation.shipped import CHECKOUT
from spotify.login import authorise
from spotify.stand_in.server import Fault

ROOT = CHECKOUT
PACKAGES = ("spotify", "app", "clustering", "ser", "listener")

REMOVED = [
    "audio-features/x",
    "audio-features?ids=x",
    "audio-analysis/x",
    "recommendations?seed_genres=x",
    "recommendations/available-genre-seeds",
    "artists/x/related-artists",
    "artists/x/top-tracks",
    "browse/featured-playlists",
    "browse/categories/x/playlists",
    "browse/categories",
    "browse/new-releases",
    "markets",
    "tracks?ids=x,y",
    "tracks/?ids=x,y",
    "artists?ids=x",
    "albums?ids=x",
    "users/x",
    "users/x/playlists",
    "playlists/x/tracks",
]
DEAD_PATHS = re.compile(
    r"/?audio-(?:features|analysis)|\brecommendations\b[?/\"']|related-artists|top-tracks"
    r"|featured-playlists|new-releases|browse/|/markets\b|\?ids=|[\"'/]users/"
    r"|playlists/\{?\w*\}?/tracks"
)
DEAD_METHODS = re.compile(
    r"\b(?:user_playlist\w*|playlist_tracks|artist_top_tracks|artist_related_artists|"
    r"featured_playlists|new_releases|category_playlists|categories|recommendations|"
    r"recommendation_genre_seeds|audio_analysis|available_markets|search_markets)\("
    r"|(?<!reccobeats)\.audio_features\("
)
ALLOWED = {
    "search",
    "track",
    "current_user_playlists",
    "playlist_items",
    "current_user_saved_tracks",
    "current_user_top_tracks",
    "current_user_playlist_create",
    "playlist_replace_items",
    "playlist_change_details",
    "prefix",
    "set_auth",
}


@pytest.fixture
def ask(there, listener):
    """Ask the stand-in directly: `ask("GET", "me") -> response`."""
    scopes = (
        "playlist-read-private",
        "playlist-modify-private",
        "user-library-read",
        "user-top-read",
    )
    token = authorise(scopes, listener.dialogue()).access_token()

    def asked(method, path, token=token, **more):
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return requests.request(
            method, f"{there.url}/v1/{path}", headers=headers, timeout=5, **more
        )

    return asked


@pytest.mark.parametrize("path", REMOVED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_removed_is_refused(ask, method, path):
    assert ask(method, path).status_code in {403, 404}


def test_ten_hits_a_search_and_fifty_entries_a_page(ask, there, track_id):
    assert ask("GET", "search?q=Title&type=track&limit=10").status_code == 200
    assert ask("GET", "search?q=Title&type=track&limit=11").status_code == 400
    assert ask("GET", "me/tracks?limit=51").status_code == 400
    page = ask("GET", "search?q=Title&type=track&limit=10&offset=295").json()["tracks"]
    assert [hit["id"] for hit in page["items"]] == [track_id(i) for i in range(295, 300)]
    assert "popularity" not in page["items"][0]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("isrc:QZABC0000007", [7]),
        ('track:"Title 7" artist:"Artist 7"', [7]),
        ('track:"Title 7" artist:"Artist 8"', []),
        ("title 12 artist", [12]),
        ("artist:Nobody", []),
    ],
)
def test_the_query_language(ask, track_id, query, numbers):
    hits = ask("GET", "search", params={"q": query, "type": "track", "limit": 10}).json()["tracks"][
        "items"
    ]
    assert [hit["id"] for hit in hits] == [track_id(i) for i in numbers]


def test_a_token_is_needed_with_its_scope(ask, there):
    assert ask("GET", "me", token="").status_code == 401
    assert ask("GET", "me", token="wrong").status_code == 401
    refused = ask("POST", "me/playlists", json={"name": "x", "public": True})
    assert refused.status_code == 403
    assert refused.json()["error"]["message"] == "Insufficient client scope"
    there.accounts.expire()
    assert ask("GET", "me").status_code == 401


def test_what_a_playlist_takes(ask, there, uris):
    one = there.service.add_playlist("One")
    items = f"playlists/{one.playlist_id}/items"
    assert ask("POST", items, json={"uris": uris(*range(101))}).status_code == 400
    assert ask("POST", items, json={"uris": [f"spotify:track:{'X' * 22}"]}).status_code == 400
    assert ask("POST", items, json={"uris": uris(1), "position": 1}).status_code == 400
    assert ask("PUT", items, json={"uris": uris(*range(101))}).status_code == 400
    assert ask("POST", items, json={"uris": uris(1, 2)}).status_code == 201
    assert ask("POST", items, json={"uris": uris(3), "position": 1}).status_code == 201
    assert one.entries == uris(1, 3, 2)
    [entry, *_] = ask("GET", items).json()["items"]
    assert entry["item"]["uri"] == uris(1)[0]
    assert "track" not in entry


UNDOCUMENTED = [
    ("GET", "me/", {}),
    ("GET", "me?market=DE", {}),
    ("POST", "me", {}),
    ("GET", "search?q=Title", {}),
    ("GET", "search?type=track", {}),
    ("GET", "search?q=Title&type=song", {}),
    ("GET", "search?q=Title&type=track&limit=ten", {}),
    ("GET", "search?q=Title&type=track&offset=-1", {}),
    ("GET", "search?q=Title&type=track&page=2", {}),
    ("GET", "tracks/short", {}),
    ("GET", "me/tracks?limit=0", {}),
    ("GET", "me/top/tracks?time_range=always", {}),
    ("GET", "me/playlists", {"json": {"limit": 5}}),
    ("POST", "me/playlists", {}),
    ("POST", "me/playlists", {"json": {"public": False}}),
    ("POST", "me/playlists", {"json": {"name": " ", "public": False}}),
    ("POST", "me/playlists", {"json": {"name": "x", "public": "false"}}),
    ("POST", "me/playlists", {"json": {"name": "x", "public": False, "colour": "red"}}),
    ("POST", "me/playlists", {"data": {"name": "x"}}),
    ("POST", "{items}", {"json": ["{uri}"]}),
    ("POST", "{items}", {"json": {"uris": []}}),
    ("POST", "{items}", {"json": {"uris": "{uri}"}}),
    ("POST", "{items}", {"json": {"uris": ["{uri}"], "position": "0"}}),
    ("POST", "{items}", {"json": {"uris": ["{uri}"], "position": -1}}),
    ("POST", "{items}", {"json": {"uris": ["4uLU6hMCjMI75M1A2tKUQC"]}}),
    ("POST", "{items}?position=0", {"json": {"uris": ["{uri}"]}}),
    ("POST", "{items}", {"data": '{"uris": ["{uri}"]}'}),
    ("POST", "{items}", {"data": "{", "headers": {"Content-Type": "application/json"}}),
    ("PUT", "{items}", {"json": ["{uri}"]}),
    ("PUT", "{items}", {"json": {"uris": ["{uri}"], "position": 0}}),
    ("PATCH", "{items}", {"json": {"uris": ["{uri}"]}}),
]


@pytest.mark.parametrize(("method", "path", "more"), UNDOCUMENTED)
def test_what_is_not_documented_is_refused(ask, there, uris, method, path, more):
    one = there.service.add_playlist("One")
    [uri] = uris(1)
    told = json.dumps(more).replace("{uri}", uri)
    path = path.replace("{items}", f"playlists/{one.playlist_id}/items")
    assert 400 <= ask(method, path, **json.loads(told)).status_code < 600
    assert not one.entries and len(there.service.playlists) == 1


def test_playlists_of_others_are_closed(ask, there, uris):
    other = there.service.add_playlist("One", owner="other", entries=uris(1))
    assert ask("GET", f"playlists/{other.playlist_id}/items").status_code == 403
    assert ask("PUT", f"playlists/{other.playlist_id}/items", json={"uris": []}).status_code == 403
    assert ask("PUT", f"playlists/{other.playlist_id}", json={"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:8765/callback"},
        {"redirect_uri": "http://example.org/callback"},
        {"client_id": "other"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"response_type": "token"},
        {"code_challenge": "x" * 42},
        {"password": "x"},
    ],
)
def test_authorize_refuses_what_spotify_refuses(there, change):
    query = {
        "client_id": "emotify",
        "redirect_uri": "http://127.0.0.1:8765/callback",
        "response_type": "code",
        "code_challenge_method": "S256",
        "code_challenge": "x" * 43,
        "state": "s",
    }
    url = f"{there.url}/authorize"
    right = requests.get(url, params=query, allow_redirects=False, timeout=5)
    assert right.headers["Location"].endswith("&state=s")
    wrong = requests.get(url, params=query | change, allow_redirects=False, timeout=5)
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "other"},
        {"redirect_uri": "http://127.0.0.1:8765/other"},
        {"client_id": "other"},
        {"code": "other"},
        {"grant_type": "password"},
        {"client_secret": "x"},
    ],
)
def test_a_code_serves_once_and_with_its_verifier_only(there, change):
    form = {
        "client_id": "emotify",
        "grant_type": "authorization_code",
        "redirect_uri": "http://127.0.0.1:8765/callback",
        # The pair of RFC 7636, appendix B.
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }

    def code():
        query = {
            **{key: form[key] for key in ("client_id", "redirect_uri")},
            "response_type": "code",
            "code_challenge_method": "S256",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        }
        return there.accounts.authorize(query)[1].partition("code=")[2]

    form["code"] = code()
    url = f"{there.url}/api/token"
    assert requests.post(url, data=form, timeout=5).status_code == 200
    assert requests.post(url, data=form, timeout=5).status_code == 400
    assert requests.post(url, data=form | {"code": code()} | change, timeout=5).status_code == 400
    assert requests.post(url, json=form | {"code": code()}, timeout=5).status_code == 400
    assert requests.get(url, params=form | {"code": code()}, timeout=5).status_code == 404


def test_no_more_than_forty_ids_at_reccobeats(there, track_id):
    url = f"{there.url}/reccobeats/audio-features"
    ids = [track_id(i) for i in range(41)]
    assert requests.get(url, params={"ids": ",".join(ids)}, timeout=5).status_code == 400
    assert requests.get(url, params={"ids": ",".join(ids[:40])}, timeout=5).ok
    assert requests.post(url, params={"ids": ids[0]}, timeout=5).status_code == 404
    assert requests.get(url, params={"ids": ids[0], "size": 1}, timeout=5).status_code == 400


def test_faults_strike_when_they_are_told_to(ask, there):
    there.faults.append(Fault(status=503, call="GET /v1/me", nth=2, times=2))
    assert [ask("GET", "me").status_code for _ in range(4)] == [200, 503, 503, 200]


# ------------------------------------------------------------------------------ the product


def product_files():
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def test_the_product_names_no_dead_endpoint_and_no_dead_method():
    found = []
    for path in product_files():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            is_reccobeats = "reccobeats" in (path.name + line).lower() and "/audio-features" in line
            if (DEAD_PATHS.search(line) and not is_reccobeats) or DEAD_METHODS.search(line):
                found.append(f"{path.name}:{number}: {line.strip()}")
    assert not found


def test_the_search_for_dead_names_finds_them():
    for path in REMOVED:
        if not path.startswith(("artists?", "albums?")):
            assert DEAD_PATHS.search(f'"/{path}"'), path
    for call in ("api.audio_features(x)", "api.user_playlist_create(", "x.recommendations("):
        assert DEAD_METHODS.search(call)


def test_spotipy_is_used_in_one_place_and_by_methods_that_live():
    tree = ast.parse((ROOT / "spotify" / "client.py").read_text("utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "_spotify"
    }
    assert used == ALLOWED
    importing = {
        path.name
        for path in product_files()
        if re.search(r"^(?:from|import) spotipy", path.read_text("utf-8"), re.M)
    }
    assert importing == {"client.py", "login.py", "token_store.py", "transport.py"}
