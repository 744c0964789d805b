import numpy as np
import pytest

from clustering.choice.filters import Filters
from clustering.choice.shortlist import LargeCatalogue
from clustering.choice.taste import COLUMNS, Taste
from clustering.playlist import make_playlist
from clustering.tables.large_tables import open_large_table
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError

HAPPY = EmotionEstimate.of("happy")


def ids(playlist):
    return [track.track_id for track in playlist.tracks]


def rows_of(catalogue, rows):
    return catalogue.table.frame.iloc[rows][list(COLUMNS)]


@pytest.fixture(scope="module")
def region(catalogue):
    """The tracks near a track that is near the music for a happy mood, and far from it."""
    first = ids(make_playlist(HAPPY, catalogue, n_tracks=1))[0]
    row = int(np.flatnonzero(catalogue.table.frame["track_id"] == first)[0])
    steps = np.linalg.norm(catalogue.quantiles - catalogue.quantiles[row], axis=1)
    return np.argsort(steps)


def test_nothing_known_pulls_nothing(catalogue):
    assert np.all(Taste().pulls(catalogue) == 0)
    assert not Taste().pulls_at_all
    plain = make_playlist(HAPPY, catalogue, seed=3)
    assert make_playlist(HAPPY, catalogue, seed=3, taste=Taste()) == plain


def test_the_neighbourhood_of_likes_is_drawn_and_that_of_dislikes_is_pushed(catalogue, region):
    near, far = region[:30], region[-30:]
    taste = Taste(liked=rows_of(catalogue, near[::2]), disliked=rows_of(catalogue, far[::2]))
    pulls = taste.pulls(catalogue)
    assert pulls.min() >= -1 and pulls.max() <= 1
    assert pulls[near[::2]] == pytest.approx(1)  # of a liked track itself there is no doubt
    assert pulls[near[1::2]].min() > 0.5
    assert pulls[far[1::2]].max() < 0
    assert abs(np.median(pulls)) < 0.3  # most of the table is neither


def test_one_like_is_weaker_than_ten(catalogue, region):
    one = Taste(liked=rows_of(catalogue, region[:1])).pulls(catalogue)
    ten = Taste(liked=rows_of(catalogue, region[:10])).pulls(catalogue)
    others = region[10:20]
    assert np.all(ten[others] > one[others]) and np.all(one[others] > 0)


def test_likes_and_dislikes_of_one_kind_cancel(catalogue, region):
    both = Taste(
        liked=rows_of(catalogue, region[0:20:2]), disliked=rows_of(catalogue, region[1:20:2])
    )
    assert abs(both.pulls(catalogue)[region[20:30]]).max() < 0.35


def test_old_judgements_are_forgotten(catalogue, region):
    late = rows_of(catalogue, np.tile(region[:100], 2))
    early_and_late = rows_of(catalogue, np.concatenate([region[-50:], np.tile(region[:100], 2)]))
    a, b = (Taste(disliked=judged).pulls(catalogue) for judged in (late, early_and_late))
    assert np.array_equal(a, b)


def test_favourites_count_as_likes(catalogue):
    frame = catalogue.table.frame
    theirs = frame["artist"].str.contains("Toby Keith").to_numpy()
    taste = Taste(favourites=("toby keith",))
    pulls = taste.pulls(catalogue)
    assert pulls[theirs].mean() > 0.4 > pulls.mean()
    pull = dict(zip(frame["track_id"], pulls, strict=True))
    plain, drawn = (make_playlist(HAPPY, catalogue, taste=t) for t in (Taste(), taste))
    means = [np.mean([pull[track_id] for track_id in ids(playlist)]) for playlist in (plain, drawn)]
    assert means[1] > means[0] + 0.02
    nobody = make_playlist(HAPPY, catalogue, taste=Taste(favourites=("no such artist",)))
    assert nobody.tracks == plain.tracks


def test_distances_stay_distances_from_the_mood(catalogue, region):
    taste = Taste(liked=rows_of(catalogue, region[:20]))
    told = make_playlist(HAPPY, catalogue, taste=taste)
    again = make_playlist(HAPPY, catalogue, filters=Filters.of(not_tracks=[]), n_tracks=500)
    known = {track.track_id: track.distance for track in again.tracks}
    both = [t for t in told.tracks if t.track_id in known]
    assert len(both) > 5
    for track in both:
        assert track.distance == pytest.approx(known[track.track_id])


def test_what_the_table_cannot_tell_is_left_aside_with_a_note(catalogue):
    table = tracks_from_frame(catalogue.table.frame.drop(columns=["genre", "popularity"]).head(300))
    taste = Taste(filters=Filters.of(genres="rock", popularity=(50, 100), not_artists="R.E.M."))
    playlist = make_playlist(HAPPY, table, taste=taste)
    told = [note for note in playlist.notes if "your profile" in note]
    assert len(told) == 2 and "genres" in told[0] and "popularity" in told[1]
    assert not any("R.E.M." in track.artist for track in playlist.tracks)


def test_what_was_disliked_does_not_come(catalogue):
    first = make_playlist(HAPPY, catalogue)
    taste = Taste(filters=Filters.of(not_tracks=ids(first)))
    assert not set(ids(first)) & set(ids(make_playlist(HAPPY, catalogue, taste=taste)))


def test_a_large_table_knows_taste_too(catalogue, region, tmp_path):
    catalogue.table.frame.to_parquet(tmp_path / "one.parquet", row_group_size=500)
    large = LargeCatalogue(open_large_table(tmp_path), catalogue.model)
    plain = make_playlist(HAPPY, large, n_tracks=30)
    taste = Taste(
        liked=rows_of(catalogue, region[1000:1040]),
        filters=Filters.of(not_tracks=ids(plain)[:5], not_languages=["es"], popularity=(1, 100)),
        favourites=("R.E.M.", "nobody at all"),
    )
    drawn = make_playlist(HAPPY, large, n_tracks=30, taste=taste)
    pulls = dict(zip(catalogue.table.frame["track_id"], taste.pulls(catalogue), strict=True))
    assert np.mean([pulls[i] for i in ids(drawn)]) > np.mean([pulls[i] for i in ids(plain)]) + 0.05
    assert not set(ids(plain)[:5]) & set(ids(drawn))


def test_the_features_of_likes_need_not_be_in_the_table(catalogue, region):
    liked = rows_of(catalogue, region[:10]).assign(track_id="elsewhere")
    liked.loc[liked.index[0], list(FEATURE_NAMES)] = np.nan  # of one nothing is known
    pulls = Taste(liked=liked).pulls(catalogue)
    assert pulls[region[:20]].min() > 0.3


def test_a_favourite_that_is_not_there_is_said(catalogue):
    notes = make_playlist(HAPPY, catalogue, taste=Taste(favourites=("Nobbody", "R.E.M."))).notes
    assert any("nothing by Nobbody" in note for note in notes)


def test_who_is_left_out_by_dislikes_is_not_blamed_on_the_filters_alone(catalogue):
    taste = Taste(filters=Filters.of(not_artists=["R.E.M."]))
    with pytest.raises(InputError, match="your profile and your dislikes count, too"):
        make_playlist(HAPPY, catalogue, artists="R.E.M.", taste=taste)
