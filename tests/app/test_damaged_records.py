"""Whatever is changed in a private file: it is read, or it is answered, and never a traceback."""

import copy
import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from clustering.choice.filters import Filters
from clustering.choice.wish import Wish
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.user_data import user_data_folder
from listener.profile import profile_path, read_profile
from listener.renewal import Choice, request_of
from listener.schedules import Schedule, load, save, schedule_path
from ser.voices import enrolment
from ser.voices.normalisation import FeatureStatistics
from spotify import library, reccobeats
from spotify.addresses import spotify_app
from spotify.journal import Journal, Request, read_journal
from spotify.matching import WantedTrack, by_id
from spotify.token_store import TokenStore

FALSE = [
    None, True, -1, 0, 10**400, 1.7e308, "", "x", "\ud800", "x" * 100_000, [], {}, [[]], {"x": 1},
    "2026-13-45", "../../x", "a\nb",
]  # fmt: skip
TEXTS = [
    b"", b"{", b"null", b"[]", b"\xff\xfe", b"\x00" * 100, b'{"x": ' * 100_000, b"[" * 100_000,
    b'{"format": NaN}',
]  # fmt: skip
TRACKS = (
    WantedTrack("4uLU6hMCjMI75M1A2tKUQC", "Never", "Rick", "GBARL9300135", 213_000.0),
    WantedTrack("mine", "Mine", "Me"),
)


def schedule():
    filters = Filters(genres=("rock",), years=(1980, 1990), popularity=(1, 99), not_tracks=("x",))
    estimate = EmotionEstimate((0.3, 0.7, 0, 0, 0, 0, 0, 0), doubts=("it was dark",))
    choice = Choice(estimate, Wish(n_tracks=5, filters=filters), "t.csv", None, None, ("Ann",))
    made = Schedule.of("Quiet", every="daily", choice={}, public=False)
    made = replace(made, choice=choice.with_renewal("2026-11-01", TRACKS).to_dict())
    made = replace(made, environment={"EMOTIFY_DATA_HOME": "/x"})

    def use(tell):
        choice = Choice.of(load(made.name))
        if choice.renewals:
            request_of(load(made.name), today=date(2026, 11, 2))
        assert isinstance(choice.tracks, str | None) and hash(choice.wish.filters)
        json.dumps(choice.to_dict(), allow_nan=False)

    return save(made), use


def journal():
    path = user_data_folder("spotify") / "one.json"
    path.parent.mkdir(parents=True)
    made = Journal(path, Request("one", "Quiet", "Emotion: calm.", False, TRACKS))
    made.matches = {0: by_id(TRACKS[0]), 1: None}
    made.checked, made.unavailable = {0}, {"spotify:track:x"}
    made.playlist_id, made.creation, made.details = (
        "p",
        ("Quiet", frozenset({"q"})),
        ["a", "b", True],
    )
    made.save()

    def use(tell):
        known = read_journal(path)
        known.renewed(known.request).save()

    return path, use


def token():
    store = TokenStore(spotify_app(), pytest.fail)
    kept = {"access_token": "a", "refresh_token": "r", "expires_at": 2e9, "scope": "s"}
    store.save_token_to_cache(kept)

    def use(tell):
        known = TokenStore(spotify_app(), tell).get_cached_token()
        assert known is None or known["access_token"].isprintable()

    return store.path, use


def voice():
    statistics = FeatureStatistics(100, np.zeros(3), np.ones(3))
    clip = enrolment.LabelledClip("0" * 64, 1, np.full(8, 0.125), np.array([0.6, 0.8]))
    features = {"hop_seconds": 0.032, "n_mels": 64}
    profile = enrolment.Profile("ann", features, "m", statistics, ("0" * 64,), (clip,))

    def use(tell):
        assert enrolment.load_profile("ann").summary()

    return enrolment.save_profile(profile), use


def import_state():
    path = user_data_folder("imports") / "x.json"
    path.parent.mkdir(parents=True)
    state = library._State(path, "liked", "me", {"id": ["name", "artist", None]})
    state.counts["skipped"], state.places["liked"], state.totals["liked"] = 2, 50, 70
    state.notes["x"] = "gone"
    state.save()

    def use(tell):
        known = library._read_state(path, "liked", "me", tell)
        assert all(at is None or at >= 0 for at in known.places.values())
        known.save()

    return path, use


def features():
    path = user_data_folder("imports") / "reccobeats.json"
    path.parent.mkdir(parents=True)
    reccobeats._Known(path, {"id": {"energy": 0.5, "tempo": 120.0}, "other": {}}).save()

    def use(tell):
        known = reccobeats._read_known(path, tell)
        assert all(0 <= row.get("energy", 0) <= 1 for row in known.features.values())
        known.save()

    return path, use


KINDS = (schedule, journal, token, voice, import_state, features)


def changed(stored):
    """Yield what is stored with one value another one, gone, or under another name."""
    stack = [()]
    while stack:
        place = stack.pop()
        inner = stored
        for step in place:
            inner = inner[step]
        if isinstance(inner, dict | list):
            steps = inner if isinstance(inner, dict) else range(len(inner))
            stack += [(*place, step) for step in steps]
        if not place:
            continue
        for value in (*FALSE, "GONE", "RENAMED"):
            whole = copy.deepcopy(stored)
            outer = whole
            for step in place[:-1]:
                outer = outer[step]
            if value == "GONE":
                del outer[place[-1]]
            elif value == "RENAMED" and isinstance(outer, dict):
                outer["y"] = outer.pop(place[-1])
            else:
                outer[place[-1]] = value
            yield place, value, whole


@pytest.fixture(autouse=True)
def app(monkeypatch):
    monkeypatch.setenv("EMOTIFY_SPOTIFY_CLIENT_ID", "0" * 32)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_changed_value_is_read_or_answered(kind):
    path, use = kind()
    use(pytest.fail)
    whole = path.read_bytes()
    answered = 0
    for place, value, stored in changed(json.loads(whole)):
        path.write_text(json.dumps(stored))
        told = []
        try:
            use(told.append)
        except InputError as error:
            told.append(str(error))
        except Exception as error:
            raise AssertionError(f"{place} = {value!r:.50}") from error
        assert all(path.name in line or path.stem in line for line in told), (place, told)
        answered += bool(told)
    assert answered


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_no_such_file_at_all_is_answered(kind):
    path, use = kind()
    whole = path.read_bytes()
    flips = [
        whole[:n] + bytes([whole[n] ^ 1 << n % 8]) + whole[n + 1 :]
        for n in range(0, len(whole), max(1, len(whole) // 50))
    ]
    cuts = [whole[: len(whole) * n // 10] for n in range(10)]
    for content in (*TEXTS, *cuts, *flips):
        path.write_bytes(content)
        told = []
        try:
            use(told.append)
        except InputError as error:
            told.append(str(error))
        assert told or content in flips, content[:50]


def test_a_list_of_schedules_names_the_damaged_one_and_shows_the_others(emotify):
    path, _ = schedule()
    save(Schedule.of("Loud", every="weekly", choice={}, public=False))
    path.write_text("{")
    code, out, err = emotify("playlist", "refresh", "--list")
    assert code == 0 and out.count("\n") == 1 and "Loud, weekly" in out and path.name in err
    assert emotify("playlist", "refresh", "--remove", path.stem)[0] == 0
    assert not schedule_path(path.stem).exists()


VALUES = (
    '""', '"x"', "1", "-1", "1e400", "nan", "inf", "true", "[]", '[""]', "[1]", "[[]]", '["x", 1]',
    "{}", "2026-11-27", "[1, 2]", "[nan, 100]", "[5, inf]", f"[1, {10**30}]", f"[-{10**30}, 5]",
    "[1.5, 2]", "[2, 1]", '["' + "x" * 100_000 + '"]', '["\\u0000"]',
)  # fmt: skip
KEYS = (
    "genres.include", "genres.exclude", "artists.include", "artists.favourites",
    "languages.include", "languages.exclude", "tracks.years", "tracks.popularity",
    "tracks.explicit", "history.keep", "other.key", "genres",
)  # fmt: skip


def test_whatever_a_profile_says_it_is_understood_or_answered(catalogue):
    profile_path().parent.mkdir(parents=True)
    lines = [f"{key} = {value}".encode() for key in KEYS for value in VALUES]
    for line in (*lines, *TEXTS, b"a = " + b"[" * 50_000, b"[genres]\n" * 2):
        profile_path().write_bytes(line)
        try:
            known = read_profile()
            known.describe()
            known.filters.passed(catalogue.table.frame.head(20))
        except InputError as error:
            assert len(str(error)) < 200_000
        except Exception as error:
            raise AssertionError(repr(line[:60])) from error
