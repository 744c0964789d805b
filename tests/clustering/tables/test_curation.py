"""Rules say what a stranger should not be offered, and say nothing against anything else."""

import pandas as pd
import pytest

from clustering.sources import import_tracks
from clustering.tables.curation import reasons_against, sound_keys, without_invisible
from clustering.tables.tracks import read_tracks
from foundation.errors import InputError

LEFT_OUT = {
    ("Huvudet I Sanden (feat. Adam Tensta", "Familjen", "Huvudet I Sanden"): "name",
    (None, "Somebody", "An Album"): "name",
    ("A Song", None, "An Album"): "name",
    (
        "Dark Horse (Originally Performed By Katy Perry) [Karaoke Version]",
        "Paris",
        "X",
    ): "imitation",
    ("Llueve el amor", "Made famous by Tito el Bambino", "Last Edition Hits"): "imitation",
    ("Shake It Off", "Pickin' On Series", "Pickin' On Taylor Swift, Vol. 2"): "imitation",
    ("Smash - Mix Version", "Jeffy D", "Smash: Tribute to Ummet Ozcan"): "imitation",
    ("Waterfall Jungle", "The Sleep Specialist", "Jungle And Forest Sounds"): "noise",
    ("Florida Rain Storm", "Mother Nature Sound FX", "Thunderstorms"): "noise",
    ("Relaxing Crickets And Waterfall", "Natural Sound Makers", "Forest By Night"): "noise",
    ("This Christmas", "Donny Hathaway", "A Donny Hathaway Collection"): "christmas",
    ("Winter Wonderland", "Aretha Franklin", "Runnin' Out of Fools"): "christmas",
    ("Run Rudolph Run - Single Version", "Chuck Berry", "Rock 'N' Roll Rarities"): "christmas",
    ("Frosty the Snowman", "Clay Walker", "Country Holiday"): "christmas",
    ("Christmas Without You", "OneRepublic", "Beste Weihnachtslieder"): "christmas",
    ("Soldier's Gift", "Josh Turner", "Christmas Country Songs 2022"): "christmas",
    ("What Are You Doing New Year\u2019s Eve?", "Ledisi", "It's Christmas"): "christmas",
}
KEPT = [
    ("Tribute", "Tenacious D", "Tenacious D"),
    ("SOS - Laidback Luke Tribute Remix / Radio Edit", "Avicii", "SOS"),
    ("Fades Away - Tribute Concert Version", "Avicii", "Fades Away"),
    ("Silent (Instrumental Version)", "Aiyo", "Silent"),
    ("Already Gone", "Sleeping At Last", "Covers, Vol. 2"),
    ("If You Can't Hang", "Sleeping With Sirens", "Let's Cheers To This"),
    ("Perros", "Cartel De Santa", "Cartel De Santa"),
    ("Santa María (Feat. Busy Signal)", "Bad Gyal", "Santa Maria"),
    ("Holiday", "Green Day", "Greatest Hits: God's Favorite Band"),
    ("Mambo No. 5 (A Little Bit of...)", "Lou Bega", "Ultimate Holiday Hits"),
    ("Wouldn't It Be Nice", "The Beach Boys", "Christmas time but not Christmas songs 2022"),
    ("Silent Morning", "Noel", "Noel"),
    ("Baby ;)", "X", "Smile :)"),
    ("?", "MF DOOM", "Operation: Doomsday"),
]


def rows(cells, **more):
    return pd.DataFrame(cells, columns=["name", "artist", "album"]).assign(
        track_id=[f"id{number}" for number in range(len(cells))], **more
    )


def test_real_rows_are_told_apart():
    frame = rows([*LEFT_OUT, *KEPT], duration_ms=200_000)
    found = reasons_against(frame).tolist()
    assert found[: len(LEFT_OUT)] == list(LEFT_OUT.values())
    assert found[len(LEFT_OUT) :] == [""] * len(KEPT)


def test_a_sampler_for_christmas_does_not_make_a_song_one():
    sampler = ("Home", "Blake Shelton;Michael Bublé", "Happy Country Christmas")
    assert reasons_against(rows([sampler])).tolist() == ["christmas"]
    own_album = ("HOME (feat. Michael Bublé)", "Blake Shelton", "Startin' Fires")
    assert reasons_against(rows([sampler, own_album])).tolist() == ["", ""]


@pytest.mark.parametrize(
    ("milliseconds", "reason"),
    [(59_999, "length"), (60_000, ""), (900_000, ""), (900_001, "length"), (None, "")],
)
def test_lengths(milliseconds, reason):
    frame = rows([KEPT[0]]).assign(duration_ms=pd.Series([milliseconds], dtype=float))
    assert reasons_against(frame).tolist() == [reason]


def test_a_table_need_not_tell_albums_and_lengths():
    frame = rows([KEPT[0], next(iter(LEFT_OUT))]).drop(columns="album")
    assert reasons_against(frame).tolist() == ["", "name"]


def test_marks_that_nobody_sees_go():
    names = pd.Series(["Be Your Friend\u202c\u202c", "One Touch (with \u202aJess Glynne)", None])
    assert without_invisible(names).tolist()[:2] == [
        "Be Your Friend",
        "One Touch (with Jess Glynne)",
    ]


def test_the_same_sound_is_one_recording_whatever_it_is_called():
    frame = read_tracks().frame.head(3)
    renamed = frame.iloc[[0]].assign(name="Another Name", artist="Another Artist", track_id="x")
    other = frame.iloc[[0]].assign(track_id="y", tempo=frame["tempo"].iloc[0] + 0.001)
    keys = sound_keys(pd.concat([frame, renamed, other]))
    assert keys.iloc[3] == keys.iloc[0] and keys.nunique() == 4


def test_nothing_of_that_is_in_the_default_table():
    frame = read_tracks().frame
    # An album is not looked at: a song that is on a sampler for Christmas, too, may be in.
    against = reasons_against(frame.drop(columns="album"))
    assert frame.loc[against != "", "name"].tolist() == []
    assert not sound_keys(frame).duplicated().any()
    assert (without_invisible(frame["name"]) == frame["name"]).all()


def test_a_listener_may_ask_for_it_and_is_told(tmp_path, emotify):
    frame = read_tracks().frame.head(40).drop(columns="album")
    odd = frame.iloc[:3].assign(
        track_id=["a", "b", "c"], name=["All I Want For Christmas", "X - Karaoke", "Cut (off"]
    )
    pd.concat([frame, odd]).to_csv(tmp_path / "t.csv", index=False)
    assert len(import_tracks([tmp_path / "t.csv"]).frame) == 43
    asked = ("tracks", "import", tmp_path / "t.csv", "--out", tmp_path / "t.parquet", "--curated")
    code, out, err = emotify(*asked)
    assert code == 0 and "40 tracks" in out
    assert "left out as asked: 1 without a whole name, 1 karaoke" in err and "1 Christmas" in err
    odd.to_csv(tmp_path / "odd.csv", index=False)
    with pytest.raises(InputError, match="leaves no track"):
        import_tracks([tmp_path / "odd.csv"], curated=True)
