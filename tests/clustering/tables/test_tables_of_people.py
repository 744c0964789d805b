"""Tables as people have them, whole and spoilt: all are read rightly or refused in a sentence.

Each is given to `emotify tracks import` and to `emotify playlist --tracks`, which must agree.
"""

import gzip
import os
import signal
import socket
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clustering.tables import layouts
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import read_tracks

N = 12
SECRET = "nobody-should-read-this"  # in the data: no message may show it
SHARES = [n for n in FEATURE_NAMES if n not in ("loudness", "tempo")] + ["liveness"]
# In Exportify's order; what stands between brackets has no name of ours.
EXPORTIFY = (
    "track_id", "name", "artist", "album", "release_date", "duration_ms", "explicit", "popularity",
    "genre", "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness",
    "instrumentalness", "liveness", "valence", "tempo", "time_signature",
)  # fmt: skip
ENGLISH = (
    "Track URI", "Track Name", "Artist Name(s)", "Album Name", "Album Release Date",
    "Track Duration (ms)", "Explicit", "Popularity", "Artist Genres", "Danceability", "Energy",
    "Key", "Loudness", "Mode", "Speechiness", "Acousticness", "Instrumentalness", "Liveness",
    "Valence", "Tempo", "Time Signature",
)  # fmt: skip
LANGUAGES = tomllib.loads(
    Path(layouts.__file__).with_name("exportify.toml").read_text("utf-8")
)["words"]  # fmt: skip


@pytest.fixture(scope="session")
def rows():
    """Twelve tracks by twelve artists, with every number column."""
    frame = read_tracks().frame.drop_duplicates("artist").head(N).reset_index(drop=True)
    frame["artist"] = frame["artist"].str.split(";").str[0]
    frame["album"] = SECRET
    frame["genre"] = "pop"
    return frame.assign(time_signature=4.0, key=np.arange(N) % 12.0, mode=1.0)[list(EXPORTIFY)]


@pytest.fixture(autouse=True)
def nothing_hangs():
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    yield
    signal.alarm(0)


def written(folder, frame, name="table.csv", **options):
    path = folder / name
    frame.to_csv(path, index=False, **options)
    return path


def of_bytes(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content)
    return path


def csv_text(frame):
    return frame.to_csv(index=False)


def exportify(frame, names=ENGLISH):
    frame = frame.rename(columns=dict(zip(EXPORTIFY, names, strict=True)))
    frame[names[0]] = "spotify:track:" + frame[names[0]]
    return frame


def podcast(frame):
    """Return rows as Exportify writes them of a podcast's episodes: without artist and features."""
    episodes = exportify(frame.head(1)).astype(object)
    episodes["Track URI"] = "spotify:episode:4rOoJ6Egrf8K2IrywzwOMk"
    episodes.loc[:, [*ENGLISH[2:3], *ENGLISH[9:]]] = None
    return episodes


def listed(frame):
    return frame[["track_id", "name", "artist", "album"]]


@dataclass(frozen=True)
class Table:
    """A table: `make(folder, rows)` writes it; `tracks` come of it, or None: it is refused."""

    name: str
    make: object
    tracks: int | None
    says: str = ""
    by_playlist: str | None = None  # what that says, where it is not the same


# Names of columns.
def kaggle_lists(folder, rows):
    artists = [f"['{name}']" for name in rows["artist"]]
    artists[0] = """["Guns N' Roses", 'Earth, Wind & Fire']"""
    artists[1] = "['A', 'B']"
    table = rows.drop(columns="genre").rename(columns={"track_id": "id", "artist": "artists"})
    return written(folder, table.assign(artists=artists, id_artists="['x']"))


def spotify_features(folder, rows):
    names = {"artist": "artist_name", "name": "track_name"}
    keys = ["C#", "A", "F#", "Db", "C♯/D♭", "B"] * (N // 6)
    signs = {"key": keys, "mode": ["Major", "minor"] * (N // 2), "time_signature": "4/4"}
    return written(folder, rows.rename(columns=names).assign(**signs))


def nonsense_in_optional_columns(folder, rows):
    odd = dict.fromkeys(("key", "mode", "liveness", "duration_ms", "time_signature"), "H??")
    odd |= {"popularity": "high", "explicit": "maybe", "release_date": "long ago"}
    return written(folder, rows.assign(**odd))


def escaped_commas(folder, rows):
    artists = [r"Tyler\, The Creator, Frank Ocean", *rows["artist"].str.replace(",", r"\,")[1:]]
    return written(folder, exportify(rows.assign(artist=artists)))


def in_language(words):
    return lambda folder, rows: written(folder, exportify(rows, words), quoting=1)


def in_no_known_language(folder, rows):
    table = exportify(rows)
    table.insert(2, "Artist URI(s)", "spotify:artist:x")
    unknown = [f"\u10d0{number}" for number in range(len(table.columns))]  # Georgian
    return written(folder, pd.concat([table, podcast(rows)]).set_axis(unknown, axis=1))


# Values in other units.
def in_percent(folder, rows):
    return written(folder, rows.assign(**{n: (100 * rows[n]).round() + 1 for n in SHARES}))


def half_in_percent(folder, rows):
    rows = rows.copy()
    rows.loc[::2, SHARES] *= 100
    return written(folder, rows)


def as_text(folder, rows):
    texts = {"tempo": rows["tempo"].map("{:.1f} BPM".format),
             "loudness": rows["loudness"].map("{:.1f} dB".format).str.replace("-", "\u2212"),
             "energy": rows["energy"].map(lambda share: f"{100 * share:.1f}%"),
             "duration_ms": "3:07"}  # fmt: skip
    return written(folder, rows.assign(**texts))


# Files.
def parquet(folder, rows, name="table.parquet", **options):
    rows.to_parquet(folder / name, **options)
    return folder / name


def not_utf8_in_parquet(folder, rows):
    table = pa.Table.from_pandas(rows, preserve_index=False)
    names = pa.array([b"Beyonc\xe9", *(n.encode() for n in rows["name"][1:])], pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(names), names.buffers())
    pq.write_table(table.set_column(1, "name", text), folder / "table.parquet")
    return folder / "table.parquet"


def lists_in_parquet(folder, rows):
    return parquet(
        folder, rows.assign(artist=[[name, f"Guest of {name}"] for name in rows["artist"]])
    )


def text_in_parquet(folder, rows):
    return parquet(folder, rows.astype("str"))


def workbook(folder, rows):
    with zipfile.ZipFile(folder / "table.csv", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/sharedStrings.xml", SECRET)
    return folder / "table.csv"


def with_row_names(folder, rows):
    header, *lines = csv_text(rows).splitlines()
    lines = [f"{number},{line}" for number, line in enumerate(lines, start=1)]
    return of_bytes(folder, "\n".join([header, *lines]).encode())


def pipe(folder, rows):
    os.mkfifo(folder / "table.csv")
    return folder / "table.csv"


def listening(folder, rows):
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(str(folder / "s"))
    return folder / "s"


# Folders and archives.
def several(folder, rows):
    below = folder / "exports"
    below.mkdir()
    written(below, exportify(rows.head(5)), "Road_trip.csv")
    written(below, exportify(rows.tail(N - 5)), "Gym.csv")
    return below


def several_and_spoilt(folder, rows):
    below = several(folder, rows)
    written(below, podcast(rows), "Podcasts.csv")
    written(below, exportify(rows.head(0)), "Nothing.csv")
    of_bytes(below, b"", "Empty.csv")
    of_bytes(below, b"\x89PNG\0\0\0", "Picture.csv")
    of_bytes(below, b"\0\5\1", "._Gym.csv")
    return below


def packed(make):
    def run(folder, rows):
        below = make(folder, rows)
        with zipfile.ZipFile(folder / "spotify_playlists.zip", "w") as archive:
            for path in below.iterdir():
                archive.write(path, path.name)
            archive.writestr("__MACOSX/._Gym.csv", b"\0")
        return folder / "spotify_playlists.zip"

    return run


def damaged_zip(folder, rows):
    path = packed(several)(folder, rows)
    return of_bytes(folder, path.read_bytes()[:500], "cut.zip")


def nothing_usable(folder, rows):
    below = folder / "exports"
    below.mkdir()
    written(below, podcast(rows), "Podcasts.csv")
    of_bytes(below, b"", "Empty.csv")
    return below


def spoilt(change):
    return lambda folder, rows: written(folder, rows.assign(**change(rows)))


def encoded(change, name="table.csv"):
    return lambda folder, rows: of_bytes(folder, change(csv_text(rows)), name)


ODD_NAME = "Beyoncé \u201cDéjà Vu\u201d"
HINT = "--features TABLE --out mine.parquet"
TABLES = [
    Table("our names", written, N, "nothing left out"),
    Table("Kaggle with lists of artists", kaggle_lists, N),
    Table("SpotifyFeatures with names of keys", spotify_features, N),
    Table("nonsense in optional columns", nonsense_in_optional_columns, N, f"{N} of popularity"),
    Table("escaped commas", escaped_commas, N),
    Table("title and BPM", lambda f, rows: written(f, rows.rename(
        columns={"name": "Title", "artist": "Artist", "tempo": "BPM"})), N),
    Table("a column twice", lambda f, rows: of_bytes(f, csv_text(
        pd.concat([rows, rows[["energy"]] / 2], axis=1)).encode()), N),
    Table("only a header", lambda f, rows: written(f, rows.head(0)), None, "0 usable tracks of 0"),
    Table("no header", lambda f, rows: written(f, rows, header=False), None, "first line"),
    Table("of something else", lambda f, rows: of_bytes(f, b"id,price\n1,2\n"), None,
          "lacks the columns"),
    Table("without tempo", lambda f, rows: written(f, rows.drop(columns="tempo")), None,
          "lacks the column tempo"),
    *(Table(f"Exportify {tongue}", in_language(words), N, "nothing left out")
      for tongue, words in LANGUAGES.items()),
    Table("Exportify in a language of its own", in_no_known_language, N, "1 podcasts"),
    Table("Exportify in short", lambda f, rows: written(f, exportify(rows)[[*ENGLISH[:9]]]), None,
          "have no features", HINT),
    Table("Exportify with empty features", lambda f, rows: written(f, exportify(
        rows.assign(**dict.fromkeys(EXPORTIFY[9:], None)))), None, "have no features", HINT),
    Table("TuneMyMusic", lambda f, rows: written(f, listed(rows).set_axis(
        ["Spotify - id", "Track name", "Artist name", "Playlist name"], axis=1)), None,
        "have no features", HINT),
    Table("Soundiiz", lambda f, rows: written(f, listed(rows).drop(columns="track_id").set_axis(
        ["title", "artist", "album"], axis=1), sep=";"), None, "have no features", HINT),
    Table("podcasts", lambda f, rows: written(f, podcast(rows)), None, "1 podcasts or local files"),
    Table("podcasts among tracks", lambda f, rows: written(f, pd.concat(
        [exportify(rows), podcast(rows)])), N, "1 podcasts or local files"),
    Table("seconds", spoilt(lambda r: {"duration_ms": r["duration_ms"] / 1000}), N,
          "given in seconds"),
    Table("minutes", spoilt(lambda r: {"duration_ms": r["duration_ms"] / 60_000}), N,
          "given in minutes"),
    Table("no unit of time", spoilt(lambda r: {"duration_ms": r["duration_ms"] / 40}), N,
          "durations left out"),
    Table("per cent", in_percent, N, "divided by 100"),
    Table("half in per cent", half_in_percent, None, "from 0 to 1 is expected"),
    Table("standardised", spoilt(lambda r: {n: (r[n] - r[n].mean()) / r[n].std() for n in SHARES}),
          None, "from 0 to 1 is expected"),
    Table("loudness without its sign", spoilt(lambda r: {"loudness": -r["loudness"]}), N,
          "minus sign"),
    Table("loudness from 0 to 1", spoilt(lambda r: {"loudness": 1 + r["loudness"] / 60}), None,
          "decibels"),
    Table("tempo from 0 to 1", spoilt(lambda r: {"tempo": r["tempo"] / 250}), None,
          "beats per minute"),
    Table("numbers with units", as_text, N, "nothing left out"),
    Table("tempo in words", spoilt(lambda r: {"tempo": "allegro"}), None, "'allegro'"),
    Table("semicolons and decimal commas", lambda f, rows: written(f, rows, sep=";", decimal=","),
          N),
    Table("tabs", lambda f, rows: written(f, rows, "table.tsv", sep="\t"), N),
    Table("bars", lambda f, rows: written(f, rows, "table.txt", sep="|"), N),
    Table("Excel's hint", encoded(lambda text: b"sep=,\r\n" + text.encode()), N),
    Table("a byte-order mark", encoded(lambda text: text.encode("utf-8-sig")), N),
    Table("UTF-16", encoded(lambda text: text.encode("utf-16")), N),
    Table("UTF-16 without a mark", encoded(lambda text: text.encode("utf-16-le")), N),
    Table("Windows", lambda f, rows: of_bytes(f, csv_text(
        rows.assign(name=[ODD_NAME, *(f"Song {n}" for n in range(1, N))])
    ).encode("cp1252", "replace")), N, "Latin-1"),
    Table("a wrong byte", lambda f, rows: of_bytes(f, csv_text(
        rows.assign(name=[ODD_NAME, *(f"Song {n}" for n in range(1, N))])
    ).encode().replace(b"Song 3", b"Song \xff3")), N, "1 bytes are not UTF-8"),
    Table("returns", encoded(lambda text: text.replace("\n", "\r").encode()), N),
    Table("lines in cells", spoilt(lambda r: {"name": "two\nlines " + r["name"]}), N),
    Table("separators at the ends", encoded(lambda text: text.replace("\n", ",\n").replace(
        ",\n", "\n", 1).encode()), N),
    Table("names of rows", with_row_names, N),
    Table("ragged", encoded(lambda text: text.encode() + b"1,2\n" + b",".join([b"3"] * 99)), None,
          "not a table that can be read as CSV"),
    Table("nothing", lambda f, rows: of_bytes(f, b""), None, "is empty"),
    Table("blanks", lambda f, rows: of_bytes(f, b" \n \n"), None, "is empty"),
    Table("JSON", lambda f, rows: of_bytes(f, rows.to_json(orient="records").encode()), None,
          "is JSON"),
    Table("JSON in lines", lambda f, rows: of_bytes(f, rows.to_json(
        orient="records", lines=True).encode()), None, "is JSON"),
    Table("a web page", lambda f, rows: of_bytes(f, f"<!DOCTYPE html>\n<p>{SECRET}".encode()), None,
          "is a web page"),
    Table("a workbook", workbook, None, "is a workbook"),
    Table("an old workbook", lambda f, rows: of_bytes(f, b"\xd0\xcf\x11\xe0\xa1\xb1"), None,
          "an old Excel workbook"),
    Table("a database", lambda f, rows: of_bytes(f, b"SQLite format 3\0" + SECRET.encode()), None,
          "a database"),
    Table("a picture", lambda f, rows: of_bytes(f, b"\x89PNG\r\n\x00\x00"), None, "binary data"),
    Table("gzip", encoded(lambda text: gzip.compress(text.encode()), "table.csv.gz"), N),
    Table("gzip cut short", encoded(lambda text: gzip.compress(text.encode())[:-40]), None,
          "cut short"),
    Table("Parquet", parquet, N, "nothing left out"),
    Table("Parquet named CSV", lambda f, rows: parquet(f, rows, "table.csv"), N),
    Table("Parquet with an index", lambda f, rows: parquet(f, rows.set_index("track_id")), N),
    Table("Parquet of text", text_in_parquet, N),
    Table("Parquet with lists", lists_in_parquet, N),
    Table("Parquet not in UTF-8", not_utf8_in_parquet, N, "1 texts are not UTF-8"),
    Table("Parquet cut short", lambda f, rows: of_bytes(f, parquet(f, rows).read_bytes()[:900]),
          None, "damaged Parquet"),
    Table("CSV named Parquet", encoded(str.encode, "table.parquet"), None, "named as Parquet"),
    Table("a pipe", pipe, None, "is a pipe or a device"),
    Table("a socket", listening, None, "is a pipe or a device"),
    Table("a device", lambda f, rows: Path("/dev/zero"), None, "is a pipe or a device"),
    Table("not there", lambda f, rows: f / "gone.csv", None, "there is no file"),
    Table("a folder", several, N),
    Table("a folder with spoilt ones", several_and_spoilt, N,
          "left out Podcasts.csv: holds 0 usable tracks of 1 rows: 1 podcasts or local files"),
    Table("a zip archive", packed(several), N),
    Table("a zip archive with spoilt ones", packed(several_and_spoilt), N,
          "left out Picture.csv: is neither CSV nor Parquet"),
    Table("a zip archive cut short", damaged_zip, None, "as a zip archive"),
    Table("a folder of nothing usable", nothing_usable, None, "none of the 2 tables"),
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_read_or_refused_in_a_sentence(emotify, rows, table, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    path, out = table.make(here, rows), tmp_path / "out.parquet"
    code, said, err = emotify("tracks", "import", path, "--out", out, "--no-reccobeats")
    assert table.says in err
    asked = ("playlist", "--emotion", "calm", "-n", "3", "--no-history", "--tracks", path)
    if table.tracks is not None:
        assert code == 0, err
        assert f"{table.tracks} tracks" in said
        frame = pd.read_parquet(out).set_index("track_id").loc[rows["track_id"]]
        for name in FEATURE_NAMES:
            near = 0.02 if name in SHARES else 0.1
            assert frame[name].to_numpy() == pytest.approx(rows[name].to_numpy(), abs=near)
        code, said, err = emotify(*asked)
        assert code == 0 and "0 minutes" not in said, err
        assert said.count("open.spotify.com/track/") == 3
        return
    assert code == 2 and not out.exists()
    code, said, again = emotify(*asked)
    assert code == 2 and (table.by_playlist or table.says) in again and not said
    for message in (err, again):
        assert SECRET not in message and len(message) < 1500, message
