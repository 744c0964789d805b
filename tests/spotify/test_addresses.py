"""The environment says which servers and which app; what cannot be used is refused."""

import pytest

from foundation.errors import InputError
from spotify.addresses import reccobeats_url, spotify_app

ID = "EMOTIFY_SPOTIFY_CLIENT_ID"
REDIRECT = "EMOTIFY_SPOTIFY_REDIRECT_URI"


@pytest.fixture
def app(monkeypatch):
    """The app under some variables."""

    def made(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return spotify_app()

    return made


def test_the_usual_addresses(app):
    there = app(**{ID: "abc"})
    assert there.api_url == "https://api.spotify.com/v1"
    assert there.accounts_url == "https://accounts.spotify.com"
    assert reccobeats_url() == "https://api.reccobeats.com/v1"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://127.0.0.1:99", "http://127.0.0.1:99/v1"),
        ("http://127.0.0.1:99/", "http://127.0.0.1:99/v1"),
        ("https://there.example/api/", "https://there.example/api"),
        ("http://there.example/v1", "http://there.example/v1"),
        (" http://[::1]:99 ", "http://[::1]:99/v1"),
    ],
)
def test_other_addresses(app, monkeypatch, given, used):
    assert app(**{ID: "abc", "EMOTIFY_SPOTIFY_API_URL": given}).api_url == used
    monkeypatch.setenv("EMOTIFY_RECCOBEATS_URL", given)
    assert reccobeats_url() == used


@pytest.mark.parametrize("given", ["there", "ftp://there", "http://", "http://x:port", "//x"])
@pytest.mark.parametrize("kind", ["SPOTIFY_API", "SPOTIFY_ACCOUNTS", "RECCOBEATS"])
def test_what_is_no_address_is_refused_by_name(app, kind, given):
    variable = f"EMOTIFY_{kind}_URL"
    with pytest.raises(InputError, match=variable):
        app(**{ID: "abc", variable: given})
        reccobeats_url()


def test_without_a_client_id_it_says_how_to_register(app):
    with pytest.raises(InputError, match=r"developer\.spotify\.com/dashboard") as refused:
        app(**{REDIRECT: "http://127.0.0.1:4321/x"})
    assert "http://127.0.0.1:4321/x" in str(refused.value)
    assert ID in str(refused.value)


def test_another_accounts_service_needs_no_registered_app(app):
    assert app(EMOTIFY_SPOTIFY_ACCOUNTS_URL="http://127.0.0.1:9").client_id == "emotify"
    assert app(**{ID: "mine"}).client_id == "mine"


def test_client_ids_in_order(app, home):
    assert app(SPOTIFY_CLIENT_ID="c").client_id == "c"
    assert app(SPOTIPY_CLIENT_ID="b").client_id == "b"
    (home / ".env").write_text(f"{ID}='from file'\nSPOTIPY_CLIENT_ID=x\n")
    assert app().client_id == "from file"
    assert app(**{ID: "a"}).client_id == "a"
    assert app(**{ID: " "}).client_id == "from file" or app(**{ID: ""}).client_id == "from file"


def test_a_file_cannot_lead_the_login_elsewhere(app, home):
    (home / ".env").write_text("EMOTIFY_SPOTIFY_ACCOUNTS_URL=http://evil.example\n")
    assert app(**{ID: "a"}).accounts_url == "https://accounts.spotify.com"


def test_a_file_that_is_no_text_is_told(app, home):
    (home / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"\.env"):
        app()


@pytest.mark.parametrize(
    "given", ["http://127.0.0.1:8888/callback", "http://[::1]:8888", "https://example.org/x"]
)
def test_redirects_that_spotify_takes(app, given):
    assert app(**{ID: "a", REDIRECT: given}).redirect_uri == given


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("http://localhost:8888/callback", "localhost"),
        ("https://localhost/callback", "localhost"),
        ("http://127.0.0.1/callback", "name a port"),
        ("http://example.org:80/", "127.0.0.1"),
        ("http://127.0.0.1:99999", "no address"),
        ("callback", "no address"),
        ("myapp://callback", "127.0.0.1"),
    ],
)
def test_redirects_that_spotify_refuses(app, given, problem):
    with pytest.raises(InputError, match=problem):
        app(**{ID: "a", REDIRECT: given})
