"""Whatever the tags of a file say, and in whatever state they are, a track has a name."""

import numpy as np
import pytest
import soundfile

from clustering.music.tags import LONGEST, read_tags
from clustering.tables.tracks import UNKNOWN_ARTIST
from tests.clustering.music.conftest import tag

pytest.importorskip("mutagen")
RATE = 22_050


@pytest.fixture
def tagged(tmp_path):
    """A FLAC with the tags given; they may have several values."""

    def write(name="x.flac", **tags):
        path = tmp_path / name
        soundfile.write(path, np.zeros(RATE), RATE)
        tag(path, **tags)
        return path

    return write


def test_of_nine_titles_the_first_is_the_name_and_all_artists_are_named(tagged):
    nine = [f"Title {number}" for number in range(9)]
    told = read_tags(tagged(title=nine, artist=["Ann", "Bo", "Ann"], genre=["Folk", "Pop"]))
    assert told["name"] == "Title 0"
    assert told["artist"] == "Ann;Bo" and told["genre"] == "Folk;Pop"


def test_a_whole_text_in_a_tag_is_cut(tagged):
    told = read_tags(tagged(title="la " * 5000, artist="\0 \n"))
    assert len(told["name"]) <= LONGEST and told["artist"] == UNKNOWN_ARTIST


def test_without_tags_the_file_name_tells(tagged):
    told = read_tags(tagged("Bach - Fugue.flac"))
    assert (told["artist"], told["name"], told["album"]) == ("Bach", "Fugue", None)
    assert read_tags(tagged("Fugue.flac"))["artist"] == UNKNOWN_ARTIST


@pytest.mark.parametrize("ending", [".webm", ".mka"])
def test_what_mutagen_does_not_know_tells_its_tags_by_ffmpeg(tmp_path, ending):
    import av

    path = tmp_path / f"x{ending}"
    silence = np.zeros((1, 48_000), np.float32)
    with av.open(str(path), "w") as out:
        out.metadata.update({"title": "One", "artist": "Ann"})
        track = out.add_stream("libopus", rate=48_000, layout="mono")
        encoder = track.codec_context
        fitting = av.AudioResampler(encoder.format, "mono", 48_000, encoder.frame_size or 1024)
        whole = av.AudioFrame.from_ndarray(silence, format="flt", layout="mono")
        whole.sample_rate = 48_000
        for frame in (*fitting.resample(whole), *fitting.resample(None)):
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    told = read_tags(path)
    assert (told["name"], told["artist"]) == ("One", "Ann")


@pytest.mark.parametrize("seed", range(12))
def test_damaged_tags_are_no_end(tagged, seed):
    path = tagged("Ann - One.flac", title="x" * 40, artist="y" * 40)
    raw = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(4, 200, 8):
        raw[place] = rng.integers(256)
    path.write_bytes(raw)
    assert read_tags(path)["name"]
