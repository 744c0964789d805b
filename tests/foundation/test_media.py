"""FFmpeg gives the sound of any media file, whatever its container knows, and of no other file."""

import socket
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from foundation import media
from foundation.media import MediaError, MediaSound, UnknownFormatError
from foundation.shipped import shipped

SPEECH, RATE = soundfile.read(shipped("data", "samples", "reading_short.wav"), dtype="float32")
SPEECH_SECONDS = len(SPEECH) / RATE
LIKENESS = 0.85  # AMR has 0.92, other sentences of the same man 0.39
AMR_WB = Path(__file__).with_name("reading_short.awb")  # libvo-amrwbenc 0.1.3 at 12.65 kbit/s


def resampled(rate_hz):
    return soxr.resample(SPEECH, RATE, rate_hz)


def read(path, n_samples=160_000):
    sound = MediaSound(path)
    return sound, np.concatenate([block.mean(axis=1) for block in sound.blocks(n_samples)])


def spectrogram_db(samples, rate_hz):
    """Return levels in dB below the telephone's upper limit, a frame of 32 ms every 16 ms."""
    heard = soxr.resample(samples, rate_hz, RATE)
    frames = np.lib.stride_tricks.sliding_window_view(heard, 512)[::256] * np.hanning(512)
    power = np.abs(np.fft.rfft(frames)[:, 3:109]) ** 2
    return 10 * np.log10(power + 1e-4)


def is_speech(samples, rate_hz):
    """Tell whether samples are `SPEECH`, up to a tenth of a second earlier or later."""
    one, two = spectrogram_db(SPEECH, RATE), spectrogram_db(samples, rate_hz)
    n = min(len(one), len(two)) - 12
    pairs = ((one[6 : 6 + n], two[6 + shift : 6 + shift + n]) for shift in range(-6, 7))
    return max(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs) > LIKENESS


def changed(path, target, change):
    """Copy a file packet by packet; `change(packet, number)` gives the packet to write, or None."""
    with av.open(path) as source, av.open(target, "w") as out:
        track = out.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux()):
            written = change(packet, number) if packet.size else None
            if written is not None:
                written.stream = track
                out.mux(written)
    return target


def with_bytes(packet, content):
    other = av.Packet(content)
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.time_base = packet.time_base
    return other


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "picture"),
    [
        ("webm", "libopus", 48_000, None),  # Chrome, Firefox
        ("webm", "libopus", 48_000, "libvpx"),
        ("matroska", "libmp3lame", 44_100, None),
        ("matroska", "alac", 44_100, None),  # whose packets do not say how long they are
        ("mp4", "aac", 44_100, None),  # Safari
        ("adts", "aac", 44_100, None),
        ("flv", "aac", 44_100, None),
        ("mpegts", "aac", 44_100, None),
    ],
)
def test_the_length_is_known_though_no_header_tells(
    tmp_path, record, container, codec, rate_hz, picture, seekable
):
    pieces = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
    sound, samples = read(
        record(
            tmp_path / ("sound" if seekable else "sound.stream"), resampled(rate_hz), rate_hz,
            codec, container=container, picture=picture,
            options=pieces if container == "mp4" and not seekable else {},
        )
    )  # fmt: skip
    assert sound.sample_rate_hz == rate_hz
    assert sound.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.04)
    assert len(samples) / rate_hz == pytest.approx(SPEECH_SECONDS, abs=0.04)
    assert is_speech(samples, rate_hz)


def test_a_header_that_guesses_is_not_believed(tmp_path, record):
    """AMR's is its size by its bit rate, which silence changes."""
    pause = np.zeros(4 * 8_000)
    speech = resampled(8_000)
    path = record(
        tmp_path / "pauses.amr", np.concatenate([speech, pause, speech, pause]), 8_000,
        "libopencore_amrnb", bit_rate=12_200, options={"dtx": "1"},
    )  # fmt: skip
    seconds = 2 * (4 + SPEECH_SECONDS)
    with av.open(path) as container:
        assert abs(container.duration / 1e6 - seconds) > 1
    sound, samples = read(path)
    assert sound.duration_seconds == pytest.approx(seconds, abs=0.04)
    assert len(samples) / 8_000 == pytest.approx(seconds, abs=0.04)  # the pauses are decoded, too


def test_wideband_amr_is_read():
    sound, samples = read(AMR_WB)
    assert sound.sample_rate_hz == 16_000
    assert sound.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.04)
    assert is_speech(samples, 16_000)


def test_blocks_are_as_long_as_asked_for_and_come_again(tmp_path, record):
    path = record(tmp_path / "sound.m4a", resampled(44_100), 44_100, "aac", layout="stereo")
    sound = MediaSound(path)
    assert sound.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.001)
    blocks = list(sound.blocks(10_000))
    assert {block.shape for block in blocks[:-1]} == {(10_000, 2)}
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    assert all(np.array_equal(*pair) for pair in zip(blocks, sound.blocks(10_000), strict=True))
    assert np.array_equal(np.concatenate(blocks), np.concatenate(list(sound.blocks(77_777))))


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1", "hexadecagonal"])
def test_every_number_of_channels_is_the_same_sound(tmp_path, record, layout):
    codec, kind = ("aac", "m4a") if layout != "hexadecagonal" else ("pcm_s16le", "mka")
    path = record(
        tmp_path / f"sound.{kind}", resampled(48_000), 48_000, codec, layout=layout,
        bit_rate=384_000,
    )  # fmt: skip
    _, samples = read(path)
    assert is_speech(samples, 48_000)


@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"]
)
def test_samples_of_every_type_are_floats_in_the_same_range(tmp_path, record, codec):
    _, samples = read(record(tmp_path / "sound.mka", SPEECH, RATE, codec))
    assert np.abs(samples - SPEECH).max() <= (2**-7 if codec == "pcm_u8" else 2**-14)


def test_rate_and_channels_may_change_on_the_way(tmp_path, record):
    parts = [(44_100, "mono"), (22_050, "mono"), (44_100, "stereo")]
    path = tmp_path / "station.aac"
    content = b""
    for rate_hz, layout in parts:
        content += record(path, resampled(rate_hz), rate_hz, "aac", layout=layout).read_bytes()
    path.write_bytes(content)
    sound, samples = read(path)
    assert sound.sample_rate_hz == 44_100
    assert len(samples) / 44_100 == pytest.approx(3 * SPEECH_SECONDS, abs=0.2)
    assert all(is_speech(part, 44_100) for part in np.array_split(samples, 3))


def test_a_pause_of_the_recorder_is_no_damage_and_no_time(tmp_path, record):
    path = record(tmp_path / "sound.webm", resampled(48_000), 48_000, "libopus")

    def later(packet, number):
        if number > 80:
            packet.pts += 20_000  # milliseconds
            packet.dts = packet.pts
        return packet

    sound, samples = read(changed(path, tmp_path / "paused.webm", later))
    assert sound.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.04)
    assert len(samples) / 48_000 == pytest.approx(SPEECH_SECONDS, abs=0.04)


def test_sound_that_begins_after_the_pictures_is_whole(tmp_path, record):
    path = record(tmp_path / "sound.mp4", resampled(44_100), 44_100, "aac")

    def later(packet, number):
        packet.pts += 10 * 44_100
        packet.dts = packet.pts
        return packet

    sound, _ = read(changed(path, tmp_path / "late.mp4", later))
    assert sound.duration_seconds == pytest.approx(SPEECH_SECONDS, abs=0.04)


@pytest.mark.parametrize("filling", [b"\x7f", b"\xee"])  # the second is taken for an empty frame
@pytest.mark.parametrize(
    ("n_damaged", "refusal"),
    [
        (2, None),
        (40, r"damaged: 0\.\d+ s of its 3\.\d+ s cannot be dec"),
        (999, "cannot be decoded"),
    ],
)
def test_a_few_damaged_packets_are_left_out_and_many_are_refused(
    tmp_path, record, n_damaged, refusal, filling
):
    path = record(tmp_path / "sound.m4a", resampled(44_100), 44_100, "aac")

    def damaged(packet, number):
        broken = 0 <= number - 50 < n_damaged or n_damaged == 999
        return with_bytes(packet, filling * packet.size) if broken else packet

    path = changed(path, tmp_path / "damaged.m4a", damaged)
    if refusal is not None:
        with pytest.raises(MediaError, match=refusal):
            read(path)
    else:
        _, samples = read(path)
        lost_seconds = SPEECH_SECONDS - len(samples) / 44_100
        assert lost_seconds == pytest.approx(n_damaged * 1024 / 44_100, abs=0.02)


def test_a_frame_that_a_network_lost_is_no_damage(tmp_path, record):
    """What was never recorded is not counted; a tenth is lost here."""
    path = record(tmp_path / "sound.webm", resampled(48_000), 48_000, "libopus")
    path = changed(path, tmp_path / "lossy.webm", lambda packet, n: packet if n % 10 else None)
    sound, samples = read(path)
    assert sound.duration_seconds == pytest.approx(0.9 * SPEECH_SECONDS, abs=0.05)
    assert len(samples) / 48_000 == pytest.approx(0.9 * SPEECH_SECONDS, abs=0.05)


def test_of_several_tracks_the_one_to_be_played_is_read(tmp_path):
    path = tmp_path / "film.mkv"
    with av.open(path, "w") as out:
        tracks = [out.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2)]
        tracks[0].disposition = av.stream.Disposition(0)
        tracks[1].disposition = av.stream.Disposition.default
        for track, gain in zip(tracks, (0.0, 1.0), strict=True):
            samples = (gain * SPEECH * 32_767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            out.mux(track.encode(frame))
    _, samples = read(path)
    assert np.abs(samples - SPEECH).max() < 1e-3


def test_reading_can_begin_later(tmp_path, record):
    path = record(tmp_path / "sound.m4a", np.tile(resampled(44_100), 5), 44_100, "aac")
    sound = MediaSound(path)
    later = np.concatenate(list(sound.blocks(44_100, start_seconds=3 * SPEECH_SECONDS)))
    assert len(later) / 44_100 == pytest.approx(2 * SPEECH_SECONDS, abs=0.1)


def test_a_video_without_sound_is_refused(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(path, "w") as out:
        video = out.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        out.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(video.encode(None))
    with pytest.raises(MediaError, match="holds no sound; give a recording, or a video with"):
        MediaSound(path)


def test_a_protected_file_is_refused_as_one(tmp_path, record):
    locks = {"scheme": "cenc-aes-ctr", "key": "76" * 16, "kid": "a7" * 16}
    path = record(
        tmp_path / "bought.m4a", resampled(44_100), 44_100, "aac",
        options={f"encryption_{name}": value for name, value in locks.items()},
    )  # fmt: skip
    with pytest.raises(MediaError, match="protected against copying"):
        MediaSound(path)


@pytest.fixture
def visitors():
    """A server that counts who comes, (port, list of visitors)."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def count():
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.append(address)
                connection.close()

        threading.Thread(target=count, daemon=True).start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "call.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio {port} RTP/AVP 0\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet mimeType='audio/mp4'><Representation id='1' bandwidth='1'>"
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("all_formats", [False, True])
@pytest.mark.parametrize("where", ["file", "address"])
@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_file_that_names_others_opens_none(
    tmp_path, monkeypatch, record, visitors, name, where, all_formats
):
    """Nor would it if FFmpeg were let at every format that it knows."""
    port, came = visitors
    inner = record(tmp_path / "inner.m4a", resampled(44_100), 44_100, "aac")
    target = inner.name if where == "file" else f"http://127.0.0.1:{port}/inner.m4a"
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].format(target=target, port=port))
    monkeypatch.chdir(tmp_path)
    if all_formats:
        options = {"protocol_whitelist": media.OPTIONS["protocol_whitelist"]}
        monkeypatch.setattr(media, "OPTIONS", options)
    with pytest.raises(MediaError):
        MediaSound(path)
    assert not came


@pytest.mark.parametrize("name", ["http://127.0.0.1/a.m4a", "concat:a.m4a", "file:a.m4a"])
def test_a_path_is_no_address(tmp_path, monkeypatch, record, name):
    record(tmp_path / "a.m4a", resampled(44_100), 44_100, "aac")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        MediaSound(Path(name))


def test_what_is_no_media_is_refused(tmp_path):
    image = av.VideoFrame(64, 48, "rgb24")
    with av.open(tmp_path / "picture.png", "w", format="image2") as out:
        picture = out.add_stream("png", rate=1)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
        out.mux(picture.encode(image))
        out.mux(picture.encode(None))
    np.savez(tmp_path / "arrays.npz", SPEECH)
    (tmp_path / "letter.m4a").write_text("This is a letter.\n" * 100)
    (tmp_path / "noise.aac").write_bytes(np.random.default_rng(0).bytes(20_000))
    for path in tmp_path.iterdir():
        with pytest.raises(UnknownFormatError):
            MediaSound(path)


def test_without_pyav_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MediaError, match="pip install av"):
        MediaSound(AMR_WB)
