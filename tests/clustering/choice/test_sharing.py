"""Every pair of emotions has tracks of its own where the table allows, and says so where not."""

import itertools

import pytest

from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters
from clustering.choice.opening import open_catalogue
from clustering.choice.sharing import MOST_SHARED
from clustering.choice.wish import Wish
from clustering.moods.mapping import MODES
from clustering.playlist import make_playlist
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

SAID = "given the same tracks"
SEEDS = range(3)


def playlists(catalogue, mode, seed=0):
    wish = Wish(mode=mode, seed=seed)
    return {
        name: make_playlist(EmotionEstimate.of(name), catalogue, wish) for name in EMOTION_NAMES
    }


def shared(lists):
    """Return for each pair of emotions the share of tracks that are in both."""
    ids = {name: [track.track_id for track in playlist.tracks] for name, playlist in lists.items()}
    return {
        (a, b): len({*ids[a]} & {*ids[b]}) / max(len(ids[a]), 1)
        for a, b in itertools.combinations(EMOTION_NAMES, 2)
    }


@pytest.mark.parametrize("mode", MODES)
def test_no_two_emotions_share_more_than_a_quarter_of_their_tracks(catalogue, mode):
    for seed in SEEDS:
        lists = playlists(catalogue, mode, seed)
        shares = shared(lists)
        assert max(shares.values()) <= MOST_SHARED, max(shares, key=lambda pair: shares[pair])
        assert not any(SAID in note for one in lists.values() for note in one.notes)


@pytest.mark.parametrize("mode", MODES)
def test_nor_do_they_in_a_large_open_catalogue(big_tables, mode):
    large = open_catalogue(big_tables / "tracks.parquet")
    shares = shared(playlists(large, mode))
    assert max(shares.values()) <= MOST_SHARED, max(shares, key=lambda pair: shares[pair])


@pytest.mark.parametrize("mode", MODES)
def test_in_a_table_of_some_thousands_no_two_have_much_the_same_playlist(catalogue, mode):
    frame = catalogue.table.frame.iloc[::6].reset_index(drop=True)
    lists = playlists(Catalogue.of(tracks_from_frame(frame), catalogue.model), mode)
    assert max(shared(lists).values()) <= 0.55


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n_rows", [25, 120, 700])
def test_a_small_table_says_with_whom_tracks_are_shared(catalogue, mode, n_rows):
    frame = catalogue.table.frame
    small = Catalogue.of(tracks_from_frame(frame.iloc[:: len(frame) // n_rows]))
    lists = playlists(small, mode)
    for (a, b), share in shared(lists).items():
        for one, other in ((a, b), (b, a)):
            told = [note for note in lists[one].notes if SAID in note]
            of = other if mode == "match" else f"the {mode} from {other}"
            count = f"{round(share * len(lists[one]))} of {len(lists[one])} for {of}"
            assert any(count in note for note in told) == (share > MOST_SHARED), (one, other)


def test_a_narrow_filter_says_so_and_a_mixed_estimate_need_not(catalogue):
    counts = catalogue.table.frame["artist"].value_counts()
    narrow = Filters(artists=counts.index[(counts == 2) & ~counts.index.str.contains(";")][:8])
    angry = make_playlist(EmotionEstimate.of("angry"), catalogue, Wish(filters=narrow))
    assert any(SAID in note and "for fearful" in note for note in angry.notes)
    torn = EmotionEstimate(tuple(1 / 8 for _ in EMOTION_NAMES))
    assert not any(SAID in n for n in make_playlist(torn, catalogue, Wish(filters=narrow)).notes)


def test_minutes_are_compared_as_well(catalogue):
    few = tracks_from_frame(catalogue.table.frame.head(30))
    hour = make_playlist(EmotionEstimate.of("fearful"), few, Wish(minutes=60))
    assert any(SAID in note for note in hour.notes)
