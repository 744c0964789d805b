"""Any format, rate and number of channels is the same sound; windows cover it, in little memory."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, find_sound, frame_levels_db
from ser.sound.windows import cut, trimmed

SPEECH_FILE = shipped("data", "samples", "reading_short.wav")
SETTINGS = FeatureSettings()
RATE = SETTINGS.sample_rate_hz
HOP_SECONDS = SETTINGS.hop_seconds

FORMATS = [  # format and subtype of libsndfile, suffix, largest relative difference (RMS)
    ("WAV", "PCM_U8", ".wav", 0.2),
    ("WAV", "PCM_16", ".wav", 0.01),
    ("WAV", "PCM_24", ".wav", 1e-4),
    ("WAV", "PCM_32", ".wav", 1e-4),
    ("WAV", "FLOAT", ".wav", 1e-4),
    ("WAV", "DOUBLE", ".wav", 1e-4),
    ("WAV", "ULAW", ".wav", 0.1),
    ("WAV", "IMA_ADPCM", ".wav", 0.2),
    ("WAVEX", "PCM_24", ".wav", 1e-4),
    ("RF64", "PCM_16", ".wav", 0.01),
    ("FLAC", "PCM_16", ".flac", 0.01),
    ("FLAC", "PCM_24", ".flac", 1e-4),
    ("AIFF", "PCM_16", ".aiff", 0.01),
    ("AU", "PCM_16", ".au", 0.01),
    ("CAF", "PCM_16", ".caf", 0.01),
    ("CAF", "ALAC_16", ".caf", 0.01),
    ("OGG", "VORBIS", ".ogg", 0.4),
    ("OGG", "OPUS", ".opus", 0.5),
    ("MP3", "MPEG_LAYER_III", ".mp3", 0.5),
]


@pytest.fixture(scope="module")
def speech() -> Samples:
    return soundfile.read(SPEECH_FILE, dtype="float32")[0]


def heard(recording: Recording, rate_hz: int = RATE) -> Samples:
    return np.concatenate(list(recording.blocks(rate_hz)))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def difference(sound: Samples, other: Samples) -> float:
    """Return the RMS of the difference relative to that of `sound`, best aligned within 0.1 s."""
    n = min(len(sound), len(other))
    sound, other = sound[:n], other[:n]
    spectrum = np.fft.rfft(sound, 2 * n) * np.conj(np.fft.rfft(other, 2 * n))
    similarity = np.fft.irfft(spectrum)
    shifts = np.arange(-1600, 1601)
    shift = shifts[np.argmax(similarity[shifts])]
    apart = np.roll(other, shift)[1600:-1600] - sound[1600:-1600]
    return rms(apart) / rms(sound)


@pytest.mark.parametrize("rate_hz", [RATE, 48_000])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form[1])
def test_every_format_is_the_same_sound(
    tmp_path: Path, speech: Samples, form: tuple[str, str, str, float], rate_hz: int
) -> None:
    kind, subtype, suffix, tolerance = form
    path = tmp_path / f"sound{suffix}"
    samples = speech if rate_hz == RATE else soxr.resample(speech, RATE, rate_hz)
    soundfile.write(path, samples, rate_hz, format=kind, subtype=subtype)
    recording = Recording(path)
    assert recording.reader == "libsndfile"
    assert recording.sample_rate_hz == rate_hz
    assert recording.duration_seconds == pytest.approx(len(speech) / RATE, abs=0.1)
    # Changing the rate twice costs what lies next to 8 kHz.
    assert difference(speech, heard(recording)) < tolerance + (0.02 if rate_hz != RATE else 0)


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "picture", "tolerance"),
    [
        ("sound.m4a", "aac", 44_100, None, 0.1),
        ("sound.m4a", "alac", 44_100, None, 0.02),
        ("sound.aac", "aac", 32_000, None, 0.1),
        ("sound.webm", "libopus", 48_000, None, 0.2),
        ("sound.wma", "wmav2", 44_100, None, 0.1),
        ("sound.mp4", "aac", 16_000, "libx264", 0.1),
        ("sound.mov", "pcm_s16le", 48_000, "libx264", 0.02),
        ("sound.mkv", "libopus", 48_000, "libx264", 0.2),
        ("sound.avi", "libmp3lame", 44_100, "mpeg4", 0.1),
    ],
)
def test_what_phones_and_browsers_record_is_the_same_sound(
    tmp_path: Path,
    speech: Samples,
    record: Callable[..., Path],
    name: str,
    codec: str,
    rate_hz: int,
    picture: str | None,
    tolerance: float,
) -> None:
    samples = soxr.resample(speech, RATE, rate_hz)
    recording = Recording(record(tmp_path / name, samples, rate_hz, codec, picture=picture))
    assert recording.reader == "FFmpeg"
    assert recording.sample_rate_hz == rate_hz
    assert recording.duration_seconds == pytest.approx(len(speech) / RATE, abs=0.1)
    assert difference(speech, heard(recording)) < tolerance
    assert np.array_equal(heard(recording), heard(recording))


@pytest.mark.parametrize(
    "rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000]
)
def test_every_rate_is_the_same_sound(tmp_path: Path, speech: Samples, rate_hz: int) -> None:
    low = soxr.resample(soxr.resample(speech, RATE, 6_000), 6_000, RATE)  # below 8 kHz's Nyquist
    path = tmp_path / "sound.wav"
    soundfile.write(path, soxr.resample(low, RATE, rate_hz), rate_hz, subtype="FLOAT")
    recording = Recording(path)
    assert recording.duration_seconds == pytest.approx(len(speech) / RATE, abs=0.001)
    assert len(heard(recording)) == pytest.approx(len(speech), abs=16)
    assert difference(low, heard(recording)) < 0.01


@pytest.mark.parametrize("n_channels", range(1, 9))
def test_every_number_of_channels_is_the_same_sound(
    tmp_path: Path, speech: Samples, n_channels: int
) -> None:
    path = tmp_path / "sound.wav"
    same = np.repeat(speech[:, None], n_channels, axis=1)
    soundfile.write(path, same, RATE, subtype="FLOAT")
    assert np.allclose(heard(Recording(path)), speech, atol=1e-6)
    one = np.zeros_like(same)
    one[:, -1] = speech
    assert np.allclose(heard(Recording(one, RATE)), speech / n_channels, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "float32", "float64"])
def test_an_array_of_any_type_is_the_same_sound(speech: Samples, dtype: str) -> None:
    if dtype.startswith("float"):
        array = speech.astype(dtype)
    else:
        limits = np.iinfo(dtype)
        scaled = speech.astype(np.float64) * (float(limits.max) - limits.min + 1) / 2
        scaled += 0 if dtype.startswith("int") else 128
        array = np.clip(np.round(scaled), limits.min, limits.max).astype(dtype)
    step = 2.0**-7 if dtype.endswith("int8") else 2.0**-15
    assert np.abs(heard(Recording(array, RATE)) - speech).max() <= step


def test_a_recording_can_be_read_again(speech: Samples) -> None:
    recording = Recording(SPEECH_FILE)
    assert np.array_equal(heard(recording), heard(recording))
    assert np.array_equal(heard(recording), speech)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Üben für später 声.wav".encode(), id="UTF-8"),
        pytest.param(b"caf\xe9 \xff.wav", id="not UTF-8"),
        pytest.param(b"-rf .wav", id="option-like"),
    ],
)
def test_any_file_name_will_do(tmp_path: Path, speech: Samples, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    try:
        path.write_bytes(SPEECH_FILE.read_bytes())
    except OSError as error:
        pytest.skip(f"this file system does not take the name {name!r}: {error}")
    recording = Recording(path)
    assert np.array_equal(heard(recording), speech)
    recording.name.encode("utf-8")  # it can be printed


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_is_read_to_its_end(
    tmp_path: Path, speech: Samples, size: int
) -> None:
    header = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    samples = (speech * 32767).astype("<i2").tobytes()
    path = tmp_path / "piped.wav"
    riff = b"RIFF" + struct.pack("<I", size) + b"WAVE"
    path.write_bytes(riff + header + b"data" + struct.pack("<I", size) + samples)
    recording = Recording(path)
    assert recording.duration_seconds == pytest.approx(len(speech) / RATE, abs=0.001)
    assert len(heard(recording)) == len(speech)


@pytest.mark.parametrize(("share", "refused"), [(0.6, True), (0.98, False)])
def test_a_cut_mp3_holds_no_sound_that_was_not_recorded(
    tmp_path: Path, speech: Samples, share: float, refused: bool
) -> None:
    """A missing frame does no harm; with more, the file is refused; nothing is made up."""
    path = tmp_path / "sound.mp3"
    soundfile.write(path, speech, RATE, format="MP3", subtype="MPEG_LAYER_III")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    read: list[Samples] = []
    try:
        for block in Recording(path).blocks(RATE):
            read.append(block)
    except InputError as error:
        assert refused and "cut off or damaged after" in str(error)
    else:
        assert not refused
    samples = np.concatenate(read)
    assert len(samples) == pytest.approx(share * len(speech), rel=0.2)  # VBR
    assert difference(speech, samples) < 0.6


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000, 192_000])
def test_blocks_are_resampled_as_the_whole(monkeypatch: pytest.MonkeyPatch, rate_hz: int) -> None:
    monkeypatch.setattr("ser.sound.audio.BLOCK_SECONDS", 0.37)
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * rate_hz).astype(np.float32)
    in_blocks = heard(Recording(noise, rate_hz))
    whole = soxr.resample(noise, rate_hz, RATE)
    assert len(in_blocks) == pytest.approx(len(whole), abs=1)
    n = min(len(in_blocks), len(whole))
    assert np.abs(in_blocks[:n] - whole[:n]).max() < 1e-4


@pytest.mark.parametrize("rate_hz", [RATE, 44_100])
@pytest.mark.parametrize("dither", [0.0, 1e-5])
def test_silence_around_the_sound_is_trimmed(rate_hz: int, dither: float) -> None:
    rng = np.random.default_rng(0)
    tone = 0.05 * np.sin(2 * np.pi * 300 * np.arange(2 * rate_hz) / rate_hz)
    sound = np.concatenate([np.zeros(rate_hz), tone, np.zeros(3 * rate_hz // 2)])
    sound += dither * rng.standard_normal(len(sound))
    bounds = find_sound(Recording(sound, rate_hz), SETTINGS)
    margin = 3 * HOP_SECONDS  # a frame of margin on purpose, and the grid of frames
    assert 1.0 - margin <= bounds.start / RATE <= 1.0
    assert 3.0 <= bounds.end / RATE <= 3.0 + margin


def test_trimming_does_not_depend_on_the_gain(speech: Samples) -> None:
    bounds = [find_sound(Recording(gain * speech, RATE), SETTINGS) for gain in (1.0, 0.1, 0.03)]
    assert len({(bound.start, bound.end) for bound in bounds}) == 1


def test_reading_for_training_is_what_is_judged(tmp_path: Path, speech: Samples) -> None:
    path = tmp_path / "clip.wav"
    silence = np.zeros(RATE // 2, np.float32)
    soundfile.write(path, np.concatenate([silence, speech, silence]), RATE)
    [window] = cut(Recording(path), SETTINGS)
    assert np.array_equal(trimmed(Recording(path), SETTINGS), window.samples)
    assert len(window.samples) < len(speech) + RATE // 4


def test_levels_are_in_dbfs() -> None:
    assert frame_levels_db(np.ones(100, np.float32), 50) == pytest.approx([0.0, 0.0])
    assert frame_levels_db(np.full(75, 0.1, np.float32), 50) == pytest.approx([-20, -20])
    assert frame_levels_db(np.zeros(10, np.float32), 5) == pytest.approx([-120, -120])
    assert len(frame_levels_db(np.zeros(0, np.float32), 5)) == 0
