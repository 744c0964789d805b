import os
from datetime import date

from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from spotify.from_playlist import described, playlist_name, request_for
from spotify.stand_in.rehearsal import rehearse

SAD = EmotionEstimate.of("sad")
TODAY = date(2026, 11, 21)


def test_a_rehearsal_is_the_whole_way_and_leaves_nothing_behind(catalogue, home):
    playlist = make_playlist(SAD, catalogue, Wish(n_tracks=4))
    before = dict(os.environ)
    rehearsal = rehearse(playlist, request_for(playlist, today=TODAY))
    assert [m.wanted.track_id for m in rehearsal.published.matches] == [
        track.track_id for track in playlist.tracks
    ]
    paths = (rehearsal.calls["method"] + " " + rehearsal.calls["path"]).tolist()
    assert paths[:2] == ["GET authorize", "POST api/token"]
    assert "POST v1/me/playlists" in paths
    assert not rehearsal.calls.astype(str).stack().str.contains("eyJ|Bearer").any()
    assert dict(os.environ) == before and not list(home.rglob("*.json"))
    again = rehearse(playlist, request_for(playlist, today=TODAY))
    assert again.calls.equals(rehearsal.calls) and again.published == rehearsal.published


def test_tracks_without_an_id_are_searched_for(catalogue):
    frame = catalogue.table.frame.head(30).assign(track_id=[f"mine-{n}" for n in range(30)])
    playlist = make_playlist(SAD, tracks_from_frame(frame), Wish(n_tracks=3))
    rehearsal = rehearse(playlist, request_for(playlist, today=TODAY))
    assert len(rehearsal.published.matches) == 3
    assert "(score 100)" in rehearsal.published.describe()
    assert (rehearsal.calls["path"] == "v1/search").sum() == 3


def test_a_request_is_the_same_on_another_day_and_another_for_other_tracks(catalogue):
    one = make_playlist(SAD, catalogue, Wish(n_tracks=4))
    other = make_playlist(SAD, catalogue, Wish(n_tracks=4, seed=1))
    key = request_for(one, today=TODAY).key
    assert request_for(one, today=date(2027, 1, 1)).key == key
    assert len({key, request_for(other, today=TODAY).key,
                request_for(one, today=TODAY, public=True).key,
                request_for(one, today=TODAY, name="X").key}) == 4  # fmt: skip


def test_names_and_descriptions_tell_emotion_mode_and_date(catalogue):
    lifted = make_playlist(SAD, catalogue, Wish(n_tracks=1, mode="lift"))
    assert playlist_name(lifted) == "Emotify: sad (lift)"
    text = described("sad", "lift", True, TODAY)
    assert "perhaps sad" in text and "lift" in text and "2026-11-21" in text
