"""Open tables are fetched from a server, checked, and refused when they are something else."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clustering.sources import import_tracks
from clustering.tables import downloads as track_downloads
from clustering.tables.downloads import TABLES, OpenTable, download_table
from clustering.tables.tracks import read_tracks
from foundation import download as transfers
from foundation.download import DownloadError, Remote
from foundation.errors import InputError
from foundation.user_data import DATA_HOME_VARIABLE


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Serve a folder over HTTP; yield the folder and its address."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    monkeypatch.setattr(transfers, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def table(path: Path) -> None:
    frame = (
        read_tracks()
        .frame.head(50)
        .rename(columns={"name": "track_name", "artist": "track_artist"})
    )
    frame.assign(playlist_genre="rock", track_popularity=5).to_csv(path, index=False)


def open_table(*files: Remote) -> OpenTable:
    return OpenTable("A table", 50, 1, "CC0", "features", "https://example.org/a", files)


def test_a_table_arrives_and_is_not_fetched_again(site, emotify, tmp_path):
    folder, url = site
    table(folder / "spotify_songs.csv")
    asked = ("tracks", "download", "tidytuesday", "--url", f"{url}/spotify_songs.csv")
    code, out, _ = emotify(*asked)
    path = Path(out.strip())
    assert code == 0 and path.parent == tmp_path / "home" / "tables"
    assert len(read_tracks(path)) == 50
    (folder / "spotify_songs.csv").unlink()
    assert emotify(*asked)[0] == 0


def test_another_page_under_the_address_is_no_table(site, tmp_path):
    folder, url = site
    (folder / "spotify_songs.csv").write_text("<html>moved</html>\n<p>sorry</p>\n")
    with pytest.raises(DownloadError, match="gave something else than the table"):
        download_table("tidytuesday", tmp_path, url=f"{url}/spotify_songs.csv", progress=False)
    assert not (tmp_path / "spotify_songs.csv").exists()


def test_a_zip_file_needs_its_checksum_and_its_files(site, tmp_path, monkeypatch):
    folder, url = site
    archive = folder / "fma_metadata.zip"
    with zipfile.ZipFile(archive, "w") as new:
        new.writestr("fma_metadata/tracks.csv", "x")
    address = f"{url}/{archive.name}"
    with pytest.raises(DownloadError, match="SHA-1 is not f0df49"):
        download_table("fma", tmp_path, url=address, progress=False)
    sha1 = hashlib.sha1(archive.read_bytes()).hexdigest()
    tables = {"fma": open_table(Remote(archive.name, address, sha1=sha1))}
    monkeypatch.setattr(track_downloads, "TABLES", tables)
    with pytest.raises(DownloadError, match="it is no zip file with"):
        download_table("fma", tmp_path, progress=False)
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr("fma_metadata/echonest.csv", "y")
    sha1 = hashlib.sha1(archive.read_bytes()).hexdigest()
    monkeypatch.setitem(tables, "fma", open_table(Remote(archive.name, address, sha1=sha1)))
    assert download_table("fma", tmp_path, progress=False).is_file()


def test_mistakes_are_answered(site, emotify, tmp_path):
    _, url = site
    with pytest.raises(
        InputError, match="choose one of: tidytuesday, spotify-tracks, fma, hit-predictor"
    ):
        download_table("lastfm", tmp_path)
    gone = ("tracks", "download", "tidytuesday", "--url", f"{url}/gone.csv", "--out", tmp_path)
    code, _, err = emotify(*gone)
    assert code == 2 and "404" in err


def test_every_table_has_an_address_a_licence_and_a_checksum_or_a_schema():
    for table in TABLES.values():
        assert table.licence and table.page.startswith("https://")
        for remote in table.files:
            assert remote.url.startswith("https://")
            assert remote.checksums or remote.filename.endswith(".csv")


def test_what_there_is_is_listed_with_licences(emotify):
    code, out, err = emotify("tracks", "download")
    assert code == 0 and not err
    for name, table in TABLES.items():
        assert f"{name}  {table.title}" in out and table.licence in out and table.page in out
    assert "13,129 tracks, 342 MB; licence: CC BY 4.0" in out


def test_the_licence_is_read_before_anything_is_fetched(site, emotify, tmp_path):
    _, url = site
    asked = ("tracks", "download", "tidytuesday", "--out", tmp_path, "--url")
    code, _, err = emotify(*asked, f"{url}/gone.csv")
    assert code == 2 and err.index("licence MIT") < err.index("404")


def test_a_wrong_sha256_is_refused(site, tmp_path):
    folder, url = site
    table(folder / "spotify_tracks.csv")
    with pytest.raises(DownloadError, match="SHA-256 is not b202fa49"):
        download_table("spotify-tracks", tmp_path, url=f"{url}/spotify_tracks.csv", progress=False)
    assert not (tmp_path / "spotify_tracks.csv").exists()


def test_a_table_of_several_files_fills_a_folder_that_is_imported(site, emotify, tmp_path):
    """As the Hit Predictor's README names the columns."""
    folder, url = site
    frame = read_tracks().frame.iloc[: 6 * 20]
    uri = "spotify:track:" + frame["track_id"]
    hits = frame.assign(uri=uri, sections=9, chorus_hit=30.5, target=1)
    hits = hits.rename(columns={"name": "track"}).drop(columns=["track_id", "genre", "year"])
    for number, remote in enumerate(TABLES["hit-predictor"].files):
        part = hits.iloc[20 * number : 20 * (number + 1)]
        part.to_csv(folder / remote.filename, index=False)
    code, out, err = emotify("tracks", "download", "hit-predictor", "--out", tmp_path, "--url", url)
    assert code == 0 and "licence none stated" in err
    path = Path(out.strip())
    assert path == tmp_path / "hit-predictor" and len(list(path.iterdir())) == 6
    imported = import_tracks([path]).frame
    assert sorted(imported["track_id"]) == sorted(frame["track_id"])
    (folder / "dataset-of-10s.csv").write_text("<html>moved</html>\n<p>sorry</p>\n")
    with pytest.raises(DownloadError, match=r"dataset-of-10s\.csv gave something else"):
        download_table("hit-predictor", tmp_path / "again", url=f"{url}/", progress=False)


def test_what_was_cut_goes_on(site, tmp_path):
    folder, url = site
    table(folder / "spotify_songs.csv")
    whole = (folder / "spotify_songs.csv").read_bytes()
    (tmp_path / "spotify_songs.csv.partial").write_bytes(whole[:1000])
    path = download_table("tidytuesday", tmp_path, url=f"{url}/spotify_songs.csv", progress=False)
    assert path.read_bytes() == whole
