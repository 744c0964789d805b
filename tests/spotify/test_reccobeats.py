"""Features from ReccoBeats belong to the right track, and a failing service costs no track."""

import json

import pytest

from spotify.reccobeats import FEATURES, audio_features
from spotify.stand_in.server import Fault

CALL = "GET /reccobeats/audio-features"


@pytest.fixture
def known(there, track_id):
    """Features of the even tracks; valence tells which track they are of."""
    for i in range(0, 100, 2):
        there.features[track_id(i)] = {
            **dict.fromkeys(FEATURES, 0.5),
            "valence": (i + 1) / 1000,
            "key": i % 12,
            "mode": 1,
            "tempo": 120,
            "loudness": -7.5,
        }
    return there


@pytest.fixture
def ask(home, listener):
    def ask(ids, complete=True):
        frame, all_asked = audio_features(
            ids, state=home / "features.json", tell=listener.tell, sleep=listener.sleep
        )
        assert all_asked == complete
        return frame

    return ask


def test_forty_a_call_and_each_its_own(known, ask, track_id):
    frame = ask([track_id(i) for i in range(100)])
    assert [len(asked.query["ids"].split(",")) for asked in known.calls(CALL)] == [40, 40, 20]
    assert list(frame.index) == [track_id(i) for i in range(0, 100, 2)]
    assert list(frame.columns) == list(FEATURES)
    assert list(frame["valence"]) == [(i + 1) / 1000 for i in range(0, 100, 2)]


def test_a_repeat_asks_for_nothing_that_is_known(known, ask, track_id):
    ids = [track_id(i) for i in range(50)]
    first = ask(ids)
    known.asked.clear()
    assert ask(ids).equals(first)
    assert not known.asked
    ask([*ids, track_id(60)])
    assert [asked.query["ids"] for asked in known.asked] == [track_id(60)]


def test_values_that_are_none_are_missing(there, ask, track_id):
    there.features[track_id(1)] = {
        "valence": "high",
        "energy": None,
        "tempo": 9000,
        "key": True,
        "mode": float("nan"),
        "danceability": -1,
        "loudness": -5,
    }
    frame = ask([track_id(1)])
    assert frame.loc[track_id(1)].dropna().to_dict() == {"loudness": -5.0}


def test_ids_of_other_tables_are_passed_over(there, ask):
    frame = ask(["file-123", "", "spotify"])
    assert len(frame) == 0
    assert frame.index.name == "track_id"
    assert not there.asked


def test_a_short_pause_is_kept(known, ask, listener, track_id):
    known.faults.append(Fault(status=429, retry_after="7"))
    assert len(ask([track_id(2)])) == 1
    assert listener.slept == [7]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault("not json"),
        Fault("odd json"),
        Fault("empty"),
        Fault("drop before"),
        Fault(status=429, retry_after="3600"),
        Fault(status=429, retry_after="50"),
        Fault(status=400),
        Fault(status=403),
    ],
    ids=str,
)
def test_a_service_that_fails_leaves_the_rest_for_later(known, ask, listener, track_id, fault):
    ids = [track_id(i) for i in range(80)]
    known.faults.append(Fault(**{**vars(fault), "call": CALL, "nth": 2, "times": 20}))
    frame = ask(ids, complete=False)
    assert list(frame.index) == ids[:40:2]
    assert "40 tracks stay without features" in listener.said
    known.faults.clear()
    known.asked.clear()
    assert list(ask(ids).index) == ids[::2]
    assert len(known.asked) == 1


@pytest.mark.parametrize("kind", ["status", "drop before", "not json"])
def test_one_failure_is_overcome(known, ask, listener, track_id, kind):
    known.faults.append(Fault(kind))
    assert len(ask([track_id(2)])) == 1
    assert listener.slept == [1.0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 1, "features": 3}', "\0"])
def test_a_damaged_state_is_told(known, ask, home, listener, track_id, text):
    (home / "features.json").write_text(text)
    assert len(ask([track_id(2)])) == 1
    assert "asked for everything again" in listener.said


def test_a_state_from_before_it_said_what_it_is_is_used(known, ask, home, track_id):
    ask([track_id(2)])
    stored = json.loads((home / "features.json").read_text("utf-8"))
    assert stored.pop("format") and stored["format_version"] == 1
    (home / "features.json").write_text(json.dumps(stored), "utf-8")
    known.asked.clear()
    assert len(ask([track_id(2)])) == 1
    assert not known.asked


def test_without_state_nothing_is_kept(known, home, track_id):
    audio_features([track_id(2)])
    assert not list(home.glob("*.json"))
