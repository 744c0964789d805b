import json
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from clustering.choice.filters import Filters
from clustering.choice.taste import Taste
from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from listener.renewal import Choice, absolute, renewed, request_of
from listener.schedules import Schedule, load, period, save
from listener.store import no_judgements
from spotify.from_playlist import track_ids, wanted_tracks

CALM = EmotionEstimate.of("calm")
MONDAY = date(2026, 11, 16)
SUNDAY = date(2026, 11, 22)
NEXT = date(2026, 11, 23)


@pytest.fixture
def opened(catalogue):
    return lambda: catalogue


def scheduled(catalogue, n_tracks=10, **more):
    playlist = make_playlist(CALM, catalogue, Wish(n_tracks=n_tracks))
    choice = Choice(CALM, Wish(n_tracks=n_tracks), None, None, None, **more)
    schedule = Schedule.of("Quiet", every="weekly", choice={}, public=False)
    choice = choice.with_renewal(period(schedule, MONDAY), wanted_tracks(playlist))
    return replace(schedule, choice=choice.to_dict())


def picks(schedule):
    return track_ids(Choice.of(schedule).renewals[-1][1])


def liking(*ids):
    rows = [
        {"track_id": i, "name": i, "artist": i, "liked": True} | dict.fromkeys(FEATURE_NAMES, 0.5)
        for i in ids
    ]
    return pd.DataFrame(rows) if rows else no_judgements()


def test_within_a_week_nothing_changes_and_no_table_is_opened(catalogue):
    schedule = scheduled(catalogue)
    same, fresh = renewed(schedule, pytest.fail, Taste(), no_judgements(), today=SUNDAY)
    assert same == schedule and fresh is None


def test_the_next_week_brings_fresh_picks_and_keeps_what_was_liked(catalogue, opened):
    schedule = scheduled(catalogue)
    first = picks(schedule)
    liked = [first[2], first[7], "never in it"]
    later, fresh = renewed(schedule, opened, Taste(), liking(*liked), today=NEXT)
    now = picks(later)
    assert now[:2] == [first[2], first[7]]
    assert len(now) == 10 and len(fresh) == 8
    assert not set(now[2:]) & set(first)
    again, nothing = renewed(later, pytest.fail, Taste(), liking(*liked), today=NEXT)
    assert again == later and nothing is None


def test_weeks_on_end_stay_fresh(catalogue, opened):
    schedule, seen = scheduled(catalogue), set()
    for week in range(48, 52):
        today = date.fromisocalendar(2026, week, 1)
        schedule, _ = renewed(schedule, opened, Taste(), no_judgements(), today=today)
        assert not seen & set(picks(schedule))
        seen |= set(picks(schedule))
    assert len(Choice.of(schedule).renewals) == 4


def test_a_listener_who_likes_all_gets_fresh_ones_besides(catalogue, opened):
    schedule = scheduled(catalogue)
    later, fresh = renewed(schedule, opened, Taste(), liking(*picks(schedule)), today=NEXT)
    assert picks(later)[:10] == picks(schedule) and len(fresh) == 3


def test_a_small_table_repeats_itself_rather_than_to_run_out(catalogue):
    small = tracks_from_frame(catalogue.table.frame.head(25))
    schedule = scheduled(catalogue)
    choice = Choice.of(schedule)
    known = wanted_tracks(make_playlist(CALM, small, Wish(n_tracks=20)))
    schedule = replace(schedule, choice=choice.with_renewal("2026-W47", known).to_dict())
    later, _ = renewed(schedule, lambda: small, Taste(), no_judgements(), today=NEXT)
    assert len(picks(later)) == 10


def test_what_was_asked_for_holds_every_time(catalogue, opened, tmp_path):
    schedule = scheduled(catalogue)
    asked = Wish(n_tracks=6, filters=Filters(genres="rock", not_artists=["R.E.M."]))
    choice = replace(Choice.of(schedule), wish=asked)
    schedule = replace(schedule, choice=choice.to_dict())
    save(schedule)
    schedule = load(schedule.name)
    assert Choice.of(schedule) == choice  # through JSON and back
    later, _ = renewed(schedule, opened, Taste(), no_judgements(), today=NEXT)
    genres = catalogue.table.frame.set_index("track_id")["genre"]
    assert genres.loc[picks(later)].str.contains("rock").all()


def test_what_earlier_versions_stored_is_read_and_written_alike(catalogue):
    filters = {
        "genres": ["rock"], "artists": [], "explicit": False, "years": [1960, 2020],
        "popularity": [0.0, 100.0], "languages": ["en"], "not_genres": [],
        "not_artists": ["R.E.M."], "not_languages": [], "not_tracks": ["a"],
    }  # fmt: skip
    stored = {
        "probabilities": list(CALM.probabilities), "doubts": [], "mode": "lift", "n_tracks": 6,
        "tracks": "/mine.csv", "moods": None, "profile": None, "filters": filters,
        "favourites": ["Queen"], "renewals": [{"period": "2026-W46", "tracks": []}],
    }  # fmt: skip
    choice = Choice.of(replace(scheduled(catalogue), choice=stored))
    assert choice.wish.filters == Filters(
        genres="rock", explicit=False, years=(1960, 2020), popularity=(0, 100), languages="English",
        not_artists="R.E.M.", not_tracks="a",
    )  # fmt: skip
    assert (choice.wish.mode, choice.wish.n_tracks) == ("lift", 6)
    assert json.loads(json.dumps(choice.to_dict())) == stored


def test_the_request_is_for_the_same_playlist_each_time(catalogue, opened):
    schedule = scheduled(catalogue)
    later, _ = renewed(schedule, opened, Taste(), no_judgements(), today=NEXT)
    one, two = request_of(schedule, today=MONDAY), request_of(later, today=NEXT)
    assert one.key == two.key and one.name == two.name == "Quiet"
    assert track_ids(two.tracks) == picks(later)
    assert "calm" in two.description and "match" in two.description
    assert "2026-11-23" in two.description


def test_a_damaged_choice_is_answered(catalogue):
    schedule = scheduled(catalogue)
    for broken in ({"n_tracks": 0}, {"mode": "cure"}, {"filters": {"years": [1990]}}):
        with pytest.raises(InputError, match=r"damaged.*--remove"):
            Choice.of(replace(schedule, choice=schedule.choice | broken))
    with pytest.raises(InputError, match=r"damaged.*--remove"):
        Choice.of(replace(schedule, choice={"mode": "match"}))


def test_paths_are_for_a_job_in_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    assert absolute(Path("mine.csv")) == str(tmp_path / "mine.csv") and absolute(None) is None
