"""What cannot be judged is refused with a message that says why and what to do."""

import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import soxr

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.settings import FeatureSettings
from ser.sound.audio import Recording
from ser.sound.windows import cut

SPEECH_FILE = shipped("data", "samples", "reading_short.wav")
RATE = 16_000
NOBODY = 65534
Record = Callable[..., Path]


def judge(source: Any, sample_rate_hz: float | None = None) -> None:
    for _ in cut(Recording(source, sample_rate_hz), FeatureSettings()):
        pass


def sound(seconds: float = 1.0) -> np.ndarray[Any, Any]:
    return 0.1 * np.sin(np.arange(round(seconds * RATE)) / 5)


def spoiled(value: float) -> np.ndarray[Any, Any]:
    samples = sound()
    samples[9000] = value
    return samples


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE), "is silent.*check the microphone"),
        (np.full(RATE, 1e-6), "is silent"),
        (np.zeros(RATE, np.int16), "is silent"),
        (np.full(RATE, 128, np.uint8), "is silent"),
        (spoiled(np.nan), "NaN or infinite.*export"),
        (spoiled(np.inf), "NaN or infinite"),
        (spoiled(-np.inf), "NaN or infinite"),
        (spoiled(1e300), "NaN or infinite"),
        (np.zeros(0), "0.000 s of sound is too short.*record at least 0.25 s"),
        (sound(0.05), "0.050 s of sound is too short"),
        (sound(0.24), "too short"),
        (np.zeros((RATE, 0)), "is no recording"),
        (np.zeros((2, RATE)), "channels come last: transpose"),
        (np.zeros((9, 9, 9)), r"shape \(9, 9, 9\)"),
        (np.array(0.5), "is no recording"),
        (np.array(["a", "b"]), "is no recording"),
        (sound().astype(complex), "type complex128 is no recording"),
        (np.ones(RATE, bool), "type bool is no recording"),
        ([], "too short"),
    ],
)
def test_an_array_that_is_no_sound(samples: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        judge(samples, RATE)


@pytest.mark.parametrize(
    ("rate_hz", "words"),
    [
        (None, "needs sample_rate_hz="),
        (0, "the sample rate is 0 Hz; 1000 to 768000 Hz"),
        (-RATE, "the sample rate is -16000"),
        (1e9, "the sample rate is 1000000000"),
        (float("nan"), "is no rate"),
        (float("inf"), "is no rate"),
    ],
)
def test_an_array_without_a_usable_rate(rate_hz: float | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        judge(sound(), rate_hz)


def test_a_file_knows_its_rate() -> None:
    with pytest.raises(InputError, match="leave it out"):
        judge(SPEECH_FILE, RATE)


def write(samples: Any) -> Callable[[Path], object]:
    return lambda path: soundfile.write(path, samples, RATE, format="WAV", subtype="FLOAT")


def first_bytes(share: float, **options: str) -> Callable[[Path], object]:
    def action(path: Path) -> None:
        soundfile.write(path, soundfile.read(SPEECH_FILE)[0], RATE, **options)
        data = path.read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return action


def notes_without_sound(path: Path) -> None:
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    notes = b"LIST" + struct.pack("<I", RATE) + b"note" * (RATE // 4)
    chunks = b"WAVE" + form + b"data" + bytes(4) + notes
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


WAV = {"format": "WAV", "subtype": "PCM_16"}
FLAC = {"format": "FLAC", "subtype": "PCM_16"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no such file; give the path of a recording"),
        (lambda path: path.mkdir(), "is a directory; give a recording"),
        (lambda path: path.touch(), "the file is empty"),
        (lambda path: path.write_text("This is a letter. " * 50), "not a recording that can be"),
        (lambda path: path.write_bytes(b"RIFF"), "not a recording"),
        (lambda path: path.write_bytes(b"RIFF\x10\0\0\0WAVEdata"), "not a recording"),
        (lambda path: path.write_bytes(bytes(range(256)) * 40), "not a recording"),
        (lambda path: path.symlink_to(path), "cannot be opened .*give another path"),
        (write(np.zeros(RATE)), "is silent"),
        (write(np.zeros((RATE, 2))), "is silent"),
        (write(spoiled(np.nan)), "NaN or infinite"),
        (write(spoiled(np.inf)), "NaN or infinite"),
        (write(np.zeros(0)), "too short"),
        (write(sound(0.05)), "0.050 s of sound is too short"),
        (notes_without_sound, "too short"),
        (first_bytes(0.6, **WAV), "cut off"),
        (first_bytes(0.001, **WAV), "cut off"),
        (first_bytes(0.6, **FLAC), r"cut off or damaged after \d\.\d\d s"),
        (first_bytes(0.01, **FLAC), "cut off|not a recording"),
    ],
)
def test_a_file_that_is_no_sound(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "sound.wav"
    make(path)
    with pytest.raises(InputError, match=words) as caught:
        judge(path)
    assert str(path) in str(caught.value)


def empty_film(path: Path) -> None:
    with av.open(path, "w", format="mp4") as out:
        film = out.add_stream("libx264", rate=10)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        out.mux(film.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(film.encode(None))


@pytest.mark.parametrize(
    ("share", "options"),
    [
        (0.9, {}),  # where the sound is stands at its end
        (0.9, {"movflags": "+faststart"}),
        (0.5, {"movflags": "+faststart"}),
    ],
)
def test_an_m4a_that_was_cut_off(
    tmp_path: Path, record: Record, share: float, options: dict[str, str]
) -> None:
    words = r"cut off: its last part has \d+ bytes, \d+ are there; copy or export it again"
    path = record(tmp_path / "sound.m4a", *soundfile.read(SPEECH_FILE), "aac", options=options)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=words) as caught:
        judge(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_what_ffmpeg_refuses_is_named(tmp_path: Path, record: Record) -> None:
    film = tmp_path / "film.mp4"
    empty_film(film)
    with pytest.raises(InputError, match=r"film\.mp4: holds no sound; give a recording"):
        judge(film)
    silence = record(tmp_path / "silence.m4a", np.zeros(RATE), RATE, "aac")
    with pytest.raises(InputError, match=r"silence\.m4a: is silent"):
        judge(silence)
    short = record(tmp_path / "short.webm", np.zeros(4800), 48_000, "libopus")
    with pytest.raises(InputError, match=r"short\.webm: 0\.1\d+ s of sound is too short"):
        judge(short)
    with pytest.raises(InputError, match=r"accepted are wav, flac,.*m4a.*videos with sound"):
        judge(__file__)


FUZZED = [  # file, codec, container's options
    ("sound.m4a", "aac", {}),
    ("sound.m4a", "aac", {"movflags": "+faststart"}),
    ("sound.webm", "libopus", {}),
    ("sound.stream", "libopus", {}),
    ("sound.amr", "libopencore_amrnb", {}),
    ("sound.3gp", "libopencore_amrnb", {}),
    ("sound.aac", "aac", {}),
    ("sound.wma", "wmav2", {}),
]


@pytest.mark.parametrize(("name", "codec", "options"), FUZZED)
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path,
    record: Record,
    capfd: pytest.CaptureFixture[str],
    name: str,
    codec: str,
    options: dict[str, str],
) -> None:
    rng = np.random.default_rng(0)
    rate_hz = {"libopencore_amrnb": 8_000, "libopus": 48_000}.get(codec, 44_100)
    speech = soxr.resample(soundfile.read(SPEECH_FILE)[0][:RATE], RATE, rate_hz)
    container = "webm" if name.endswith(".stream") else None
    bit_rate = 12_200 if rate_hz == 8_000 else 64_000
    path = record(
        tmp_path / name, speech, rate_hz, codec, container=container, bit_rate=bit_rate,
        options=options,
    )  # fmt: skip
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    outcomes = []
    for round_ in range(60):
        if round_ % 3 == 0:
            content = whole[: rng.integers(1, len(whole))]
        else:
            content = whole.copy()
            last = len(whole) if round_ % 3 == 1 else 1_500  # anywhere, or in the header
            places = rng.integers(0, last, rng.choice([1, 3, 30]))
            content[places] ^= rng.integers(1, 256, len(places), dtype=np.uint8)
        path.write_bytes(content.tobytes())
        try:
            recording = Recording(path)
            n_read = sum(len(block) for block in recording.blocks(RATE))
            outcomes.append("read")
            assert n_read / RATE < 60
        except InputError as error:
            outcomes.append("refused")
            assert str(error).startswith(f"{path}: ")
    assert {"read", "refused"} == set(outcomes)
    assert capfd.readouterr().err == ""  # FFmpeg says nothing of its own


@pytest.mark.parametrize("name", [b"caf\xe9.wav", "später.wav".encode()])
def test_the_message_names_any_file(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        judge(tmp_path / os.fsdecode(name))
    str(caught.value).encode("utf-8")  # it can be printed


def test_impossible_names_are_missing_files() -> None:
    for name in ("", "x" * 5000, "nul\0byte.wav"):
        with pytest.raises(InputError):
            judge(name)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything: become nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(NOBODY)
    except OSError as error:
        pytest.skip(f"permissions mean nothing to this user, and it cannot be another: {error}")
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_file_that_may_not_be_read(closed: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "inner"
        inner.mkdir()
        path = inner / "sound.wav"
        path.write_bytes(SPEECH_FILE.read_bytes())
        Path(folder).chmod(0o755)
        (path if closed == "file" else inner).chmod(0o000)
        try:
            with ordinary_user(), pytest.raises(InputError, match="may not be read; change its"):
                judge(path)
        finally:
            inner.chmod(0o755)
