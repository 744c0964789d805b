"""The commands against a strict stand-in for Spotify, over real HTTP."""

import functools
import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
import requests

from clustering.tables.tracks import read_tracks
from foundation.shipped import CHECKOUT
from foundation.user_data import user_config_folder, user_data_folder
from listener import renewal, schedules
from spotify import client, filling
from spotify.login import Dialogue, authorise
from spotify.stand_in import catalogue as stand_in_catalogue
from spotify.stand_in.server import CatalogueTrack, Fault, StandIn

ROOT = CHECKOUT
SCOPES = ("playlist-read-private", "playlist-modify-private")
WORDS = functools.cache(stand_in_catalogue._words)  # a search looks at those of every track
MAKE = ("playlist", "--emotion", "happy", "-n", "5", "--spotify")


@pytest.fixture(scope="module")
def known(catalogue):
    """All tracks of the project's own table, as Spotify would know them."""
    rows = catalogue.table.frame.to_dict("records")
    return [
        CatalogueTrack(
            row["track_id"],
            row["name"],
            tuple(row["artist"].split(";")),
            f"QZEMO{n:07d}",
            int(row["duration_ms"]),
        )
        for n, row in enumerate(rows)
    ]


@pytest.fixture
def there(known, monkeypatch, tmp_path):
    monkeypatch.setattr(stand_in_catalogue, "_words", WORDS)
    with StandIn(known) as stand_in:
        for variable, value in stand_in.environment().items():
            monkeypatch.setenv(variable, value)
        for name in ("EMOTIFY_SPOTIFY_CLIENT_ID", "SPOTIPY_CLIENT_ID", "SPOTIFY_CLIENT_ID"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)
        yield stand_in


def log_in(*scopes):
    """Store a login; the log of the stand-in then begins anew."""
    told = []

    def paste():
        address = next(line.strip() for line in told[-1].splitlines() if "authorize?" in line)
        return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]

    authorise(scopes, Dialogue(headless=True, tell=told.append, ask=paste))


@pytest.fixture
def account(there):
    log_in(*SCOPES)
    there.asked.clear()
    return there


def on_spotify(playlist):
    return [uri.rpartition(":")[2] for uri in playlist.entries]


def only(stand_in):
    [playlist] = stand_in.service.playlists.values()
    return playlist


def started(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "app.command.main", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_playlist_lands_in_the_account(account, emotify):
    code, out, _ = emotify(*MAKE, "--json")
    told = json.loads(out)
    playlist = only(account)
    assert code == 0
    assert on_spotify(playlist) == [track["track_id"] for track in told["tracks"]]
    assert told["spotify"]["url"].endswith(playlist.playlist_id)
    assert not playlist.public and playlist.name == "Emotify: happy"
    for word in ("happy", "match", date.today().isoformat()):
        assert word in playlist.description
    code, out, _ = emotify(*MAKE)
    assert code == 0 and "was there already" in out
    assert on_spotify(only(account)) == [track["track_id"] for track in told["tracks"]]


def test_name_and_publicity_are_the_listeners(there, emotify):
    log_in(*SCOPES, "playlist-modify-public")
    emotify(*MAKE, "--name", "  Friday \n night ", "--public", "--mode", "lift")
    playlist = only(there)
    assert playlist.public and playlist.name == "Friday night" and "lift" in playlist.description


def test_history_knows_where_it_is(account, emotify):
    emotify(*MAKE)
    _, out, _ = emotify("history", "--json")
    [entry] = json.loads(out)
    assert entry["spotify_url"].endswith(only(account).playlist_id)


def test_a_dry_run_writes_nothing(account, emotify, tmp_path, catalogue):
    frame = catalogue.table.frame.head(40).copy()
    frame.loc[10:19, "track_id"] = [f"mine-{n}" for n in range(10)]
    frame.to_csv(tmp_path / "mine.csv", index=False)
    arguments = ("playlist", "--emotion", "sad", "-n", "40", "--tracks", tmp_path / "mine.csv")
    code, out, _ = emotify(*arguments, "--spotify", "--dry-run")
    assert code == 0 and "nothing was written" in out and "(score 100)" in out
    assert {one.method for one in account.asked} == {"GET"}
    emotify("spotify", "logout")
    account.asked.clear()
    code, out, _ = emotify(*arguments, "--spotify", "--dry-run", "--json")
    assert code == 0 and len(json.loads(out)["spotify"]["to_search"]) > 0
    assert not account.asked


def test_tracks_without_ids_are_searched_and_what_is_not_found_is_listed(
    account, emotify, tmp_path, catalogue
):
    frame = catalogue.table.frame.head(12).copy()
    frame["track_id"] = [f"mine-{n}" for n in range(12)]
    frame.loc[3, ["name", "artist"]] = ["Nobody Knows This Song Xyzzy", "Plugh"]
    frame.to_csv(tmp_path / "mine.csv", index=False)
    code, out, _ = emotify(
        "playlist", "--emotion", "calm", "-n", "12", "--tracks", tmp_path / "mine.csv", "--spotify"
    )
    assert code == 0 and "not found: Nobody Knows This Song Xyzzy" in out
    real = set(catalogue.table.frame["track_id"].head(12))
    assert len(only(account).entries) == out.count("(score ")
    assert set(on_spotify(only(account))) <= real


def test_logging_in_without_a_browser(there):
    run = started("playlist", "--emotion", "sad", "-n", "2", "--spotify", "--headless",
                  stdin=subprocess.PIPE)  # fmt: skip
    address = next(line.strip() for line in run.stderr if "authorize?" in line)
    answer = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    out, err = run.communicate(answer + "\n", timeout=60)
    assert run.returncode == 0, err
    assert len(only(there).entries) == 2
    token = user_config_folder() / "spotify_token.json"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    secrets = json.loads(token.read_text())
    for secret in ("access_token", "refresh_token"):
        assert secrets[secret] not in out + err


def test_logging_in_with_a_browser(there, tmp_path, monkeypatch):
    browser = tmp_path / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport requests, sys\nrequests.get(sys.argv[1], timeout=10)\n"
    )
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s &")
    monkeypatch.setenv("EMOTIFY_SPOTIFY_REDIRECT_URI", "http://127.0.0.1:43517/back")
    run = started("spotify", "login")
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert out == "logged in to Spotify as listener\n"


def test_without_an_app_it_says_how_to_register_one(emotify, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("EMOTIFY_SPOTIFY_CLIENT_ID", "SPOTIPY_CLIENT_ID", "SPOTIFY_CLIENT_ID",
                 "EMOTIFY_SPOTIFY_ACCOUNTS_URL"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    code, out, err = emotify(*MAKE)
    assert code == 2 and "developer.spotify.com/dashboard" in err
    assert "For a happy mood" in out  # the playlist itself is not lost


def test_the_playlist_is_not_lost_when_spotify_fails(account, emotify):
    account.faults.append(Fault(status=403, words="Active premium subscription required"))
    code, out, err = emotify(*MAKE, "--json")
    assert code == 2 and "Premium" in err
    told = json.loads(out)
    assert len(told["tracks"]) == 5 and told["spotify"] is None


def test_hours_of_waiting_end_with_a_file_to_go_on_from(account, emotify):
    account.faults.append(
        Fault(status=429, retry_after="48925", call="POST .*/items", words="QUOTA_EXCEEDED")
    )
    code, out, err = emotify(*MAKE)
    assert code == 2 and "--resume" in err
    path = err.partition("--resume ")[2].split("`")[0]
    account.faults.clear()
    code, out, _ = emotify("playlist", "--resume", path)
    assert code == 0 and "5 tracks on Spotify" in out
    assert len(only(account).entries) == 5
    [entry] = json.loads(emotify("history", "--json")[1])
    assert entry["spotify_url"].endswith(only(account).playlist_id)
    code, _, err = emotify("playlist", "--resume", "absent.json")
    assert code == 2 and "absent.json" in err
    for more in (["--spotify", "--dry-run"], ["--name", "X"], ["-n", "3"], ["me.wav"]):
        code, _, err = emotify("playlist", "--resume", path, *more)
        assert code == 2 and "leave the rest out" in err


def test_a_changed_mind_in_between_makes_no_second_playlist(account, emotify):
    account.faults.append(Fault(status=429, retry_after="7200", call="POST .*/items"))
    assert emotify(*MAKE)[0] == 2
    account.faults.clear()
    emotify("playlist", "dislike", "2")
    code, out, _ = emotify(*MAKE, "--json")
    assert code == 0
    assert on_spotify(only(account)) == [t["track_id"] for t in json.loads(out)["tracks"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--name", "X"), "go with --spotify"),
        (("--public",), "go with --spotify"),
        (("--dry-run",), "go with --spotify"),
        (("--install",), "--refresh"),
        (("--refresh", "hourly"), "daily, weekly, monthly"),
        (("--refresh", "weekly", "--dry-run"), "without --refresh"),
        (("--spotify", "--name", " "), "no name"),
        (("--resume", "x.json"), "leave the rest out"),
        (("--popularity", "high"), "--popularity"),
    ],
)
def test_wishes_that_do_not_go_together_are_answered(account, emotify, arguments, words):
    code, _, err = emotify("playlist", "--emotion", "sad", *arguments)
    assert code == 2 and words in err
    assert not account.service.playlists


PROGRAM = """
import os, sys
from app.command.main import main
import clustering.playlist, listener.tastes, listener.profile, listener.store
import spotify.client, spotify.publish, spotify.from_playlist
# What is imported here need not be imported by every child; no threads, a fork would hang.
import pandera.pandas, scipy.stats, sklearn.utils

def run(line):
    sys.argv = ["emotify", *line.split()]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    main()
"""


@pytest.mark.heavy
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_and_repeated(account, forking, when):
    run, arguments = forking(PROGRAM), " ".join(MAKE)
    assert run(arguments) == 0
    right = only(account).entries
    assert len(right) == 5
    number, was_killed = 0, True
    while was_killed:
        number += 1
        account.service.playlists.clear()
        for journal in user_data_folder("spotify").glob("*.json"):
            journal.unlink()
        account.asked.clear()
        was_killed = run(arguments, account, (number, when)) == -signal.SIGKILL
        assert run(arguments) == 0
        assert only(account).entries == right, f"killed {when} request {number}"
    assert number > 4


# --------------------------------------------------------------------------------- own tracks


@pytest.fixture
def own(there, known):
    """Five liked tracks, of which ReccoBeats knows three; and two playlists."""
    log_in("user-library-read", "playlist-read-private", "playlist-read-collaborative",
           "user-top-read")  # fmt: skip
    there.service.liked.extend(track.uri for track in known[:5])
    there.service.top["short_term"] = [track.track_id for track in known[3:8]]
    there.service.add_playlist("Mine", entries=[track.uri for track in known[:2]])
    values = {"danceability": 0.5, "energy": 0.6, "loudness": -7.0, "speechiness": 0.05,
              "acousticness": 0.2, "instrumentalness": 0.0, "valence": 0.4, "tempo": 120.0,
              "key": 5, "mode": 1, "liveness": 0.1}  # fmt: skip
    there.features = {track.track_id: values for track in known[:3]}
    return there


def test_ones_own_tracks_become_a_table(own, emotify, known, tmp_path):
    out = tmp_path / "mine.parquet"
    code, said, err = emotify("tracks", "import", "spotify:liked", "--out", out)
    assert code == 0 and "5 tracks, 3 with features" in said
    assert f"{known[4].name} ({known[4].track_id})" in err
    frame = pd.read_parquet(out)
    assert frame["track_id"].tolist() == [track.track_id for track in known[:5]]
    assert frame["isrc"].tolist() == [track.isrc for track in known[:5]]
    assert frame["energy"].notna().tolist() == [True] * 3 + [False] * 2
    table = read_tracks(out)
    assert len(table) == 3 and table.broken == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.parquet"]
    code, said, _ = emotify("playlist", "--emotion", "sad", "-n", "2", "--tracks", out)
    assert code == 0


def test_features_come_from_tables_at_hand_first(own, emotify, known, catalogue, tmp_path):
    frame = catalogue.table.frame.head(8).copy()
    frame["isrc"] = [track.isrc for track in known[:8]]
    frame.loc[1, "track_id"] = "elsewhere-1"  # by ISRC
    frame.loc[3, ["track_id", "isrc"]] = ["elsewhere-3", None]  # by artist and title
    frame.drop(index=[4]).to_csv(tmp_path / "table.csv", index=False)
    own.asked.clear()
    code, said, err = emotify(
        "tracks", "import", "spotify:liked", "spotify:top", "--out", tmp_path / "mine.csv",
        "--features", tmp_path / "table.csv", "--no-reccobeats",
    )  # fmt: skip
    assert code == 0, err
    assert "8 tracks, 7 with features" in said and "table.csv" in err
    told = pd.read_csv(tmp_path / "mine.csv").set_index("track_id")
    for n in (0, 1, 3):
        assert told.loc[known[n].track_id, "energy"] == pytest.approx(frame.loc[n, "energy"])
        assert told.loc[known[n].track_id, "genre"] == frame.loc[n, "genre"]
    assert pd.isna(told.loc[known[4].track_id, "energy"])
    assert not own.calls(".*audio-features")


def test_an_import_goes_on_where_it_was_interrupted(own, emotify, known, tmp_path):
    own.service.liked[:] = [track.uri for track in known[:120]]
    own.faults.append(Fault(status=429, retry_after="7200", call="GET /v1/me/tracks", nth=3))
    arguments = ("tracks", "import", "spotify:liked", "--no-reccobeats", "--out")
    code, _, err = emotify(*arguments, tmp_path / "mine.csv")
    assert code == 2 and "goes on" in err and not (tmp_path / "mine.csv").exists()
    own.faults.clear()
    own.asked.clear()
    code, said, _ = emotify(*arguments, tmp_path / "mine.csv")
    assert code == 0 and "120 tracks" in said
    assert len(own.calls("GET /v1/me/tracks")) == 1


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (["spotify:loved"], "spotify:liked, spotify:playlists, spotify:top"),
        (["spotify:liked", "table.csv"], "--features"),
    ],
)
def test_wrong_sources_are_answered(own, emotify, tmp_path, sources, words):
    code, _, err = emotify("tracks", "import", *sources, "--out", tmp_path / "x.csv")
    assert code == 2 and words in err
    code, _, err = emotify("tracks", "import", "spotify:liked", "--out", tmp_path / "x.txt")
    assert code == 2 and ".parquet or .csv" in err
    code, _, err = emotify("tracks", "import", "t.csv", "--headless", "--out", tmp_path / "x.csv")
    assert code == 2 and "spotify: sources" in err


def test_a_table_that_was_there_before_is_not_forgotten(own, emotify, tmp_path):
    (tmp_path / "mine.csv").write_text("precious")
    own.faults.append(Fault(status=429, retry_after="7200", call="GET /v1/me/tracks"))
    assert emotify("tracks", "import", "spotify:liked", "--out", tmp_path / "mine.csv")[0] == 2
    assert emotify("forget", "--yes")[0] == 0
    assert (tmp_path / "mine.csv").read_text() == "precious"


def test_a_dry_run_with_a_revoked_login_asks_nobody(account, emotify, tmp_path, catalogue):
    frame = catalogue.table.frame.head(30).assign(track_id=[f"mine-{n}" for n in range(30)])
    frame.to_csv(tmp_path / "mine.csv", index=False)
    account.accounts.revoke()
    code, out, _ = emotify(*MAKE, "--dry-run", "--tracks", tmp_path / "mine.csv")
    assert code == 0 and out.count("would be searched for") == 5


def test_forgetting_goes_on_where_the_scheduler_fails(account, emotify, tmp_path, monkeypatch):
    emotify(*MAKE[:-1], "--refresh", "daily")
    tool = tmp_path / "bin" / "crontab"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'Input/output error' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    code, _, err = emotify("forget", "--yes")
    assert code == 2 and "Input/output error" in err
    assert not schedules.schedule_names() and not list(user_config_folder().glob("*token*"))


def test_forgetting_removes_every_trace(own, emotify, tmp_path, own_folders):
    log_in(*SCOPES)
    emotify("tracks", "import", "spotify:liked", "--out", tmp_path / "mine.csv")
    emotify(*MAKE)
    emotify("profile", "--init")
    code, out, _ = emotify("forget", "--dry-run")
    assert code == 0 and "mine.csv" in out and (tmp_path / "mine.csv").exists()
    code, out, _ = emotify("forget", "--yes")
    assert code == 0 and not (tmp_path / "mine.csv").exists()
    assert not [path for path in own_folders.rglob("*") if path.is_file()]
    code, out, _ = emotify("forget", "--yes")
    assert code == 0 and out == "nothing is stored of you\n"
    assert own.service.playlists  # what is on Spotify is the listener's


# ---------------------------------------------------------------------------------- schedules


def test_a_playlist_renews_itself_in_place(account, emotify, monkeypatch):
    code, out, err = emotify(*MAKE[:-1], "--refresh", "WEEKLY", "--name", "Mornings")
    assert code == 0 and "playlist refresh mornings-" in out and "OnCalendar=Mon" in out
    playlist = only(account)
    first = on_spotify(playlist)
    [name] = schedules.schedule_names()
    account.asked.clear()
    with monkeypatch.context() as same_week:
        same_week.setattr(
            renewal.Choice, "opened", lambda choice: pytest.fail("a table was opened")
        )
        code, out, _ = emotify("playlist", "refresh", name)
    assert code == 0 and "was there already" in out
    assert on_spotify(only(account)) == first
    emotify("playlist", "like", first[1])
    schedule = schedules.load(name)
    choice = renewal.Choice.of(schedule)
    last_week = choice.renewals[-1][1]
    schedules.save(
        replace(schedule, choice=replace(choice, renewals=(("2026-W01", last_week),)).to_dict())
    )
    code, out, _ = emotify("playlist", "refresh", name)
    now = on_spotify(only(account))
    assert code == 0 and only(account).playlist_id == playlist.playlist_id
    assert now[0] == first[1] and not set(now[1:]) & set(first) and len(now) == 5
    _, out, _ = emotify("history")
    assert "renewal of Mornings" in out
    code, out, _ = emotify("playlist", "refresh", "--list")
    assert out == f"{name}: Mornings, weekly\n"
    emotify("playlist", "refresh", name, "--remove")
    assert schedules.schedule_names() == []
    code, _, err = emotify("playlist", "refresh", name)
    assert code == 2 and name in err


def test_a_playlist_that_is_there_is_the_one_that_is_renewed(account, emotify):
    emotify(*MAKE)
    emotify(*MAKE[:-1], "--refresh", "weekly")
    assert len(only(account).entries) == 5
    [name] = schedules.schedule_names()
    code, out, _ = emotify("playlist", "refresh", name)
    assert code == 0 and "was there already" in out and len(only(account).entries) == 5


def test_an_interrupted_schedule_is_there(account, emotify):
    account.faults.append(Fault(status=429, retry_after="7200", call="POST .*/items"))
    code, _, err = emotify(*MAKE[:-1], "--refresh", "weekly", "--favourite", "R.E.M.")
    assert code == 2 and "--resume" in err
    [name] = schedules.schedule_names()
    assert renewal.Choice.of(schedules.load(name)).favourites == ("R.E.M.",)
    account.faults.clear()
    code, _, _ = emotify("playlist", "refresh", name)
    assert code == 0 and len(only(account).entries) == 5


def test_likes_by_number_mean_the_places_on_spotify_after_a_renewal(account, emotify, monkeypatch):
    monkeypatch.setattr(client, "PAUSES_SECONDS", [0] * len(client.PAUSES_SECONDS))
    monkeypatch.setattr(filling, "SETTLE_SECONDS", 0)
    emotify(*MAKE[:-1], "--refresh", "daily")
    [name] = schedules.schedule_names()
    emotify("playlist", "like", "2", "4")
    schedule = schedules.load(name)
    choice = renewal.Choice.of(schedule)
    yesterday = replace(choice, renewals=(("2026-01-01", choice.renewals[-1][1]),))
    schedules.save(replace(schedule, choice=yesterday.to_dict()))
    account.faults.append(Fault(call="PUT .*/items", times=30))  # at first it cannot be written
    code, _, _ = emotify("playlist", "refresh", name)
    assert code == 2
    account.faults.clear()
    assert emotify("playlist", "refresh", name)[0] == 0
    [latest] = json.loads(emotify("history", "--json", "-n", "1")[1])
    assert [track["track_id"] for track in latest["playlist"]["tracks"]] == on_spotify(
        only(account)
    )
    assert latest["spotify_url"] and latest["source"].startswith("renewal of")


def test_a_renewal_asks_nobody(account, emotify):
    emotify(*MAKE[:-1], "--refresh", "daily")
    [name] = schedules.schedule_names()
    account.accounts.revoke()
    code, _, err = emotify("playlist", "refresh", name)
    assert code == 2 and "emotify spotify login" in err


def test_installing_has_the_system_do_it(account, emotify, tmp_path, monkeypatch):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "crontab").write_text(
        f"#!/bin/sh\nf={tmp_path}/crontab.txt\n"
        '[ "$1" = -l ] && { [ -f $f ] && cat $f || { echo "no crontab for me" >&2; exit 1; }; }\n'
        '[ "$1" = - ] && cat > $f\nexit 0\n'
    )
    (tools / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    code, _, _ = emotify(*MAKE[:-1], "--refresh", "monthly", "--install")
    line = (tmp_path / "crontab.txt").read_text()
    assert code == 0 and line.count("playlist refresh emotify-happy-") == 1
    assert "EMOTIFY_SPOTIFY_CLIENT_ID=emotify" in line and "TOKEN" not in line
    emotify("forget", "--yes")
    assert "emotify" not in (tmp_path / "crontab.txt").read_text()
