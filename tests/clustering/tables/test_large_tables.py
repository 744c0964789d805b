"""A table that stays on disk gives the playlists that it would give in memory."""

import contextlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clustering.choice import shortlist
from clustering.choice.catalogue import Catalogue
from clustering.choice.filters import Filters
from clustering.choice.opening import open_catalogue
from clustering.choice.shortlist import LargeCatalogue
from clustering.choice.wish import Wish
from clustering.moods.folder import save_moods
from clustering.moods.mapping import aims_along
from clustering.playlist import make_playlist
from clustering.tables import large_tables
from clustering.tables.large_tables import is_large, open_large_table
from clustering.tables.layouts import FEATURE_NAMES, MOOD_COLUMNS
from clustering.tables.tracks import read_tracks, tracks_from_frame, write_tracks
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation import jobs
from foundation.errors import InputError

ROCK = Filters(genres="rock")


def written_in_parts(frame, folder, *, n_files=3, rows_of_a_group=700):
    folder.mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(frame)), n_files)):
        path = folder / f"part-{number}.parquet"
        frame.iloc[part].to_parquet(path, index=False, row_group_size=rows_of_a_group)
    return folder


@pytest.fixture(scope="module")
def catalogue(catalogue):
    """A sixth of the default table, as many rows as are read quickly, with the moods of all."""
    frame = catalogue.table.frame.iloc[::6].reset_index(drop=True)
    return Catalogue.of(tracks_from_frame(frame), catalogue.model)


@pytest.fixture(scope="module")
def parts(catalogue, tmp_path_factory):
    """Its rows as three files of several row groups each."""
    folder = tmp_path_factory.mktemp("large") / "tracks"
    return written_in_parts(catalogue.table.frame.drop(columns="year"), folder)


@pytest.fixture(scope="module")
def large(parts, catalogue):
    return LargeCatalogue(open_large_table(parts), catalogue.model)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(large_tables, "BATCH", 256)


def ids(playlist):
    return [track.track_id for track in playlist.tracks]


@pytest.mark.parametrize(
    ("mode", "seed"),
    [("match", 0), ("lift", 1), pytest.param("journey", 0, marks=pytest.mark.heavy)],
)
@pytest.mark.parametrize("emotion", EMOTION_NAMES)
def test_the_choice_is_that_of_the_whole_table_in_memory(large, catalogue, emotion, mode, seed):
    estimate, wish = EmotionEstimate.of(emotion), Wish(mode=mode, seed=seed)
    ours = make_playlist(estimate, large, wish)
    assert ours.to_dict() == make_playlist(estimate, catalogue, wish).to_dict()


@pytest.mark.parametrize(
    "wish",
    [
        Wish(filters=ROCK),
        Wish(filters=Filters(genres=["country", "Metal"]), n_tracks=50),
        Wish(filters=Filters(years=(1980, 1999))),
        Wish(filters=Filters(years=(1980, 1999), genres="rock"), mode="journey"),
        Wish(filters=Filters(artists="Queen")),
        Wish(filters=Filters(explicit=False, genres="hip-hop")),
        Wish(minutes=60),
        Wish(n_tracks=500),
        Wish(n_tracks=1),
    ],
    ids=["rock", "two genres", "years", "all", "artist", "clean", "an hour", "many", "one"],
)
def test_filters_and_lengths_hold_on_disk_too(large, catalogue, wish):
    sad = EmotionEstimate.of("sad")
    expected = make_playlist(sad, catalogue, wish)
    assert ids(make_playlist(sad, large, wish)) == ids(expected)


def test_a_journey_of_so_many_minutes_lasts_as_long(large, catalogue):
    journey = Wish(minutes=90, mode="journey")
    ours = make_playlist(EmotionEstimate.of("sad"), large, journey)
    expected = make_playlist(EmotionEstimate.of("sad"), catalogue, journey)
    assert ours.minutes == pytest.approx(90, abs=3)
    assert len(set(ids(ours)) & set(ids(expected))) > 0.5 * len(expected)


def test_an_uncertain_estimate_is_broad_on_disk_too(large, catalogue):
    torn = EmotionEstimate((0.02, 0.3, 0.02, 0.4, 0.02, 0.2, 0.02, 0.02), doubts=("it is torn",))
    assert torn.uncertain
    assert ids(make_playlist(torn, large)) == ids(make_playlist(torn, catalogue))


def test_a_mood_heard_in_the_sound_counts_on_disk_too(catalogue, tmp_path):
    rng = np.random.default_rng(0)
    frame = catalogue.table.frame.copy()
    frame[list(MOOD_COLUMNS)] = rng.dirichlet(np.ones(4), len(frame))
    frame.loc[::7, MOOD_COLUMNS[0]] = np.nan
    heard = Catalogue.of(tracks_from_frame(frame), catalogue.model)
    on_disk = LargeCatalogue(
        open_large_table(written_in_parts(frame, tmp_path / "heard")), catalogue.model
    )
    for emotion in ("sad", "happy"):
        estimate = EmotionEstimate.of(emotion)
        assert ids(make_playlist(estimate, on_disk)) == ids(make_playlist(estimate, heard))


def test_few_tracks_survive_the_bound_and_none_that_should(large, monkeypatch):
    looked_at = []
    exact = type(large.model).quantiles

    def counted(self, frame):
        looked_at.append(len(frame))
        return exact(self, frame)

    monkeypatch.setattr(type(large.model), "quantiles", counted)
    monkeypatch.setattr(shortlist, "SPARE", 0)
    make_playlist(EmotionEstimate.of("happy"), large, Wish(n_tracks=1))
    in_scan = [n for n in looked_at if n != shortlist.BINS]  # the bounds themselves
    assert sum(in_scan) < 0.5 * len(large.table)


def test_broken_rows_and_spoken_word_are_passed_over(catalogue, tmp_path):
    frame = catalogue.table.frame.copy()
    best = ids(make_playlist(EmotionEstimate.of("sad"), catalogue))
    is_best = frame["track_id"].isin(best).to_numpy().nonzero()[0]
    frame.loc[is_best[0], "valence"] = np.nan
    frame.loc[is_best[1], "energy"] = 1.7
    frame.loc[is_best[2], "speechiness"] = 0.9
    frame.loc[is_best[3], "name"] = None
    folder = written_in_parts(frame, tmp_path / "broken")
    on_disk = LargeCatalogue(open_large_table(folder), catalogue.model)
    picked = ids(make_playlist(EmotionEstimate.of("sad"), on_disk))
    assert len(picked) == 20
    assert not set(picked) & set(frame["track_id"].iloc[is_best[:4]])
    assert set(picked) & set(best)


def test_units_and_spellings_are_those_of_a_table_in_memory(catalogue, tmp_path):
    frame = catalogue.table.frame.drop(columns="year")
    shares = [name for name in FEATURE_NAMES if name not in ("loudness", "tempo")]
    spelled = frame.assign(
        **{name: 100 * frame[name] for name in shares},
        loudness=-frame["loudness"].clip(upper=0),
        tempo=frame["tempo"].map("{} BPM".format),
        duration_ms=frame["duration_ms"] / 1000,
        mode=frame["mode"].map({1: "Major", 0: "Minor"}),
        artist=[f"['{name}']" if "'" not in name else name for name in frame["artist"]],
    )
    opened = open_large_table(written_in_parts(spelled, tmp_path / "spelled"))
    assert "per cent" in opened.summary() and "seconds" in opened.summary()
    on_disk = LargeCatalogue(opened, catalogue.model)
    in_memory = Catalogue.of(tracks_from_frame(spelled), catalogue.model)
    sad = EmotionEstimate.of("sad")
    expected = make_playlist(sad, in_memory)
    assert make_playlist(sad, on_disk).to_dict() == expected.to_dict()
    assert expected.tracks[0].duration_ms > 30_000


def test_text_that_is_not_utf_8_is_mended_on_disk_too(catalogue, tmp_path):
    frame = catalogue.table.frame.head(300)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    names = pa.array([b"Beyonc\xe9 " + name.encode() for name in frame["name"]], pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(names), names.buffers())
    place = table.schema.get_field_index("name")
    pq.write_table(table.set_column(place, "name", text), tmp_path / "t.parquet")
    on_disk = LargeCatalogue(open_large_table(tmp_path / "t.parquet"), catalogue.model)
    playlist = make_playlist(EmotionEstimate.of("sad"), on_disk, Wish(n_tracks=3))
    assert all(track.name.startswith("Beyonc\ufffd ") for track in playlist.tracks)


@pytest.mark.heavy
def test_damage_of_any_byte_is_answered(catalogue, tmp_path):
    whole = tmp_path / "t.parquet"
    catalogue.table.frame.head(200).to_parquet(whole, index=False, row_group_size=100)
    content, rng = whole.read_bytes(), np.random.default_rng(0)
    for place in rng.integers(len(content) - 6000, len(content), 60):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << rng.integers(8)
        whole.write_bytes(spoilt)
        with contextlib.suppress(InputError):
            read_tracks(whole)
        with contextlib.suppress(InputError):
            on_disk = LargeCatalogue(open_large_table(whole), catalogue.model)
            on_disk.shortlist(aims_along(EmotionEstimate.of("sad"), "match", 3), Filters())


def test_one_artist_who_is_always_nearest_does_not_end_the_search(catalogue, tmp_path):
    frame = catalogue.table.frame.copy()
    distances = catalogue.quantiles[:, FEATURE_NAMES.index("valence")]
    # 900 of the saddest tracks are by one artist, more than a first shortlist holds.
    frame.loc[np.argsort(distances)[:900], "artist"] = "One Artist"
    folder = written_in_parts(frame, tmp_path / "one")
    on_disk = LargeCatalogue(open_large_table(folder), catalogue.model)
    in_memory = Catalogue.of(tracks_from_frame(frame), catalogue.model)
    for emotion in ("sad", "angry"):
        estimate = EmotionEstimate.of(emotion)
        assert ids(make_playlist(estimate, on_disk)) == ids(make_playlist(estimate, in_memory))


@pytest.mark.heavy
def test_a_dask_cluster_gives_the_same_playlist_and_the_same_moods(large, monkeypatch):
    distributed = pytest.importorskip(
        "distributed", reason="a cluster needs the extra: pip install 'emotify[cluster]'"
    )
    sad = EmotionEstimate.of("sad")
    monkeypatch.setattr(shortlist, "SAMPLE", 2000)
    alone = LargeCatalogue.of(large.table)
    expected = make_playlist(sad, alone).to_dict()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=None, silence_logs=50
    ) as cluster:
        monkeypatch.setenv(jobs.SCHEDULER_VARIABLE, cluster.scheduler_address)
        together = LargeCatalogue.of(large.table)
        assert make_playlist(sad, together).to_dict() == expected
        assert cluster.scheduler.transition_counter > 0
    assert together.model.moods == alone.model.moods


def test_a_sample_is_like_the_whole(large, catalogue, monkeypatch):
    drawn = large.table.sample(2000, seed=0)
    assert 1800 < len(drawn) < 2200
    whole = catalogue.table.frame[list(FEATURE_NAMES)]
    difference = (drawn.mean() - whole.mean()).abs() / whole.std()
    assert (difference < 0.1).all()
    assert large.table.sample(2000, seed=0).equals(drawn)
    assert not large.table.sample(2000, seed=1).equals(drawn)
    assert len(large.table.sample(10**9, seed=0)) == len(catalogue.table)


def test_a_folder_of_parquet_files_is_opened_in_batches(parts, tmp_path):
    opened = open_catalogue(parts)
    assert isinstance(opened, LargeCatalogue)
    assert "3 Parquet files" in opened.table.summary()
    save_moods(opened.model, tmp_path / "moods")
    again = open_catalogue(parts, moods=tmp_path / "moods")
    assert isinstance(again, LargeCatalogue)
    happy = EmotionEstimate.of("happy")
    assert ids(make_playlist(happy, again)) == ids(make_playlist(happy, opened))
    small = replace(opened.model, n_tracks=600)
    save_moods(small, tmp_path / "moods")
    with pytest.raises(InputError, match="was fitted on 600 tracks"):
        open_catalogue(parts, moods=tmp_path / "moods")


def test_tables_beside_music_do_not_hide_it(parts, tmp_path, monkeypatch):
    folder = tmp_path / "music"
    shutil.copytree(parts, folder)
    (folder / "song.mp3").write_bytes(b"x")
    seen = []
    monkeypatch.setattr(
        "clustering.music.files.read_music", lambda path, found: seen.append(path) or read_tracks()
    )
    assert isinstance(open_catalogue(folder), Catalogue)
    assert seen == [folder]


@pytest.mark.parametrize("mode", [None, "match", "journey"])
def test_a_large_table_has_a_map_too(large, mode):
    pytest.importorskip("matplotlib")
    from clustering.plots import plot_moods

    playlist = mode and make_playlist(
        EmotionEstimate.of("happy"), large, Wish(mode=mode, n_tracks=12)
    )
    axes = plot_moods(large, playlist)
    drawn = [len(points.get_offsets()) for points in axes.collections]
    assert sum(drawn[: len(large.model.moods)]) > 500
    assert len(drawn) == len(large.model.moods) + (mode is not None)
    assert mode is None or drawn[-1] == 12


def test_a_long_file_is_large_and_a_short_one_is_not(parts, tmp_path, monkeypatch):
    path = tmp_path / "tracks.parquet"
    frame = read_tracks().frame.head(300)
    write_tracks(frame, path)
    assert not is_large(path)
    monkeypatch.setattr(large_tables, "MOST_IN_MEMORY", 299)
    assert is_large(path)
    assert len(open_large_table(path)) == 300
    frame.to_csv(tmp_path / "tracks.csv")
    assert not is_large(tmp_path / "tracks.csv")
    assert not is_large(tmp_path / "nothing.parquet")


def test_other_layouts_are_read_where_they_lie(catalogue, tmp_path):
    kaggle = catalogue.table.frame.rename(
        columns={
            "name": "track_name",
            "artist": "artists",
            "album": "album_name",
            "genre": "track_genre",
        }
    )
    large = LargeCatalogue(
        open_large_table(written_in_parts(kaggle, tmp_path / "kaggle")), catalogue.model
    )
    assert large.table.layout.name.startswith("Kaggle")
    for wish in (Wish(), Wish(filters=ROCK)):
        estimate = EmotionEstimate.of("calm")
        expected = make_playlist(estimate, catalogue, wish)
        assert ids(make_playlist(estimate, large, wish)) == ids(expected)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"genres": "polka"}, "none of the .* tracks passes"),
        ({"years": (1800, 1801)}, "none of the .* tracks passes"),
        ({"artists": "nobody at all"}, "none of the .* tracks passes"),
    ],
)
def test_filters_that_leave_nothing_are_said(large, asked, words):
    with pytest.raises(InputError, match=words):
        make_playlist(EmotionEstimate.of("sad"), large, Wish(filters=Filters(**asked)))


def test_a_filter_on_what_the_table_lacks_is_said(catalogue, tmp_path):
    path = tmp_path / "tracks.parquet"
    write_tracks(catalogue.table.frame.drop(columns="explicit"), path)
    large = LargeCatalogue(open_large_table(path), catalogue.model)
    with pytest.raises(InputError, match="does not tell explicit content"):
        make_playlist(EmotionEstimate.of("sad"), large, Wish(filters=Filters(explicit=False)))


def test_what_is_wrong_with_a_file_is_said(parts, tmp_path, catalogue):
    folder = tmp_path / "cut"
    shutil.copytree(parts, folder)
    cut = folder / "part-1.parquet"
    cut.write_bytes(cut.read_bytes()[:-3000])
    with pytest.raises(InputError, match=r"part-1\.parquet is a damaged Parquet file"):
        open_large_table(folder)
    frame = catalogue.table.frame.head(50)
    frame.drop(columns="energy").to_parquet(cut)
    with pytest.raises(InputError, match=r"part-1\.parquet lacks the column energy"):
        open_large_table(folder)
    frame.assign(energy="loud").to_parquet(cut)
    with pytest.raises(InputError, match="column energy holds 'loud', where numbers belong"):
        open_large_table(folder)
    frame.rename(columns={"name": "track_name", "artist": "artists"}).to_parquet(cut)
    with pytest.raises(InputError, match="names its columns otherwise"):
        open_large_table(folder)
    frame.head(0).to_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="holds no rows"):
        open_large_table(tmp_path / "none.parquet")


def test_damage_found_while_reading_is_said(parts, tmp_path, catalogue):
    folder = tmp_path / "damaged"
    shutil.copytree(parts, folder)
    path = folder / "part-2.parquet"
    content = bytearray(path.read_bytes())
    content[200:40_000] = bytes(39_800)
    path.write_bytes(content)
    large = LargeCatalogue(open_large_table(folder), catalogue.model)
    with pytest.raises(InputError, match=r"part-2\.parquet is a damaged Parquet file"):
        make_playlist(EmotionEstimate.of("sad"), large)


def test_a_file_that_is_gone_is_said(parts, tmp_path, catalogue):
    folder = tmp_path / "gone"
    shutil.copytree(parts, folder)
    large = LargeCatalogue(open_large_table(folder), catalogue.model)
    (folder / "part-2.parquet").unlink()
    with pytest.raises(InputError, match=r"part-2\.parquet cannot be read: No such file"):
        make_playlist(EmotionEstimate.of("sad"), large)


def test_rows_without_features_are_said(catalogue, tmp_path):
    frame = catalogue.table.frame.head(100).assign(valence=np.nan)
    folder = written_in_parts(frame, tmp_path / "empty")
    with pytest.raises(InputError, match="nearly none has all audio features"):
        open_catalogue(folder)


def test_what_a_scan_reads_is_counted(large):
    near = large.shortlist(list(map_aims("sad")), Filters(years=(1990, 1999)))
    features = large.table.n_bytes(FEATURE_NAMES)
    assert features < near.n_bytes < sum(large.table.bytes_by_column.values()) + features
    assert len(near.catalogue.table) < len(large.table)
    assert not near.complete
    assert pd.Series(near.catalogue.table.frame["track_id"]).is_unique


def map_aims(emotion):
    from clustering.moods.mapping import aims_along

    return aims_along(EmotionEstimate.of(emotion), "match", 5)


def test_from_the_command_line(parts, tmp_path, emotify):
    moods = tmp_path / "moods"
    code, _, err = emotify("moods", "fit", parts, "--out", moods)
    assert code == 0
    assert "read in batches" in err
    code, out, _ = emotify(
        "playlist", "--emotion", "calm", "--tracks", parts, "--moods", moods, "--json"
    )
    assert code == 0
    assert len(json.loads(out)["tracks"]) == 20
    code, _, err = emotify("moods", "evaluate", parts, "--labels", "genre")
    assert code == 2
    assert "too large to be scored in memory" in err
