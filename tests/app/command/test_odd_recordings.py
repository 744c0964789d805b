"""Whatever people give to `emotify recognize`: an answer, or words that say what is wrong.

Kinds of container, of damage and of content. An emotion is named where somebody speaks and nowhere
else; nothing that was cut off is judged as if it were whole.
"""

import functools
import json
import os
import re
import struct
import threading
import wave
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from emotions.labels import EMOTION_NAMES
from foundation.shipped import shipped
from ser import many_files
from ser.recognizer import load_recognizer

RECORDING = shipped("data", "samples", "reading_short.wav")
WHOLE, RATE = soundfile.read(RECORDING, dtype="float32")
SPEECH = WHOLE[: 2 * RATE]
TESTS = Path(__file__).resolve().parents[2]
SPEEX = TESTS / "foundation" / "reading_short.spx"  # speexenc 1.2.1, wideband, quality 6
AMR_WB = TESTS / "foundation" / "reading_short.awb"
CUT = "cut off|is damaged: "


@pytest.fixture(autouse=True)
def one_recognizer(monkeypatch):
    """Load the model once for all recordings."""
    monkeypatch.setattr(many_files, "load_recognizer", lambda *_, **__: _loaded())


@pytest.fixture
def past_python(tmp_path_factory):
    """Catch what is written to standard error by whoever knows nothing of `sys.stderr`."""
    path = tmp_path_factory.mktemp("past") / "chatter.txt"

    @contextmanager
    def caught():
        kept = os.dup(2)
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        try:
            yield path
        finally:
            os.dup2(kept, 2)
            os.close(kept)

    return caught


@functools.cache
def _loaded():
    return load_recognizer()


# ---------------------------------------------------------------------- how to make


def by_libsndfile(kind, subtype="PCM_16", samples=SPEECH, rate=RATE, **options):
    def make(path, record):
        soundfile.write(path, samples, rate, format=kind, subtype=subtype, **options)

    return make


def by_ffmpeg(container, codec, rate=44_100, *, stream=False, samples=SPEECH, **options):
    def make(path, record):
        written = path.with_suffix(".stream") if stream else path
        sound = soxr.resample(samples, RATE, rate)
        bit_rate = 12_200 if codec == "libopencore_amrnb" else 128_000
        record(written, sound, rate, codec, container=container, bit_rate=bit_rate, **options)
        written.rename(path)

    return make


def copied(source):
    return lambda path, record: path.write_bytes(source.read_bytes())


def cut(make, share):
    def made(path, record):
        make(path, record)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    return made


def of_bytes(content):
    return lambda path, record: path.write_bytes(content)


def wav(samples, rate=RATE):
    return by_libsndfile("WAV", "FLOAT", np.asarray(samples, np.float32), rate)


def wav_of_length(length):
    """Return what writes a WAV whose header gives another length, as a pipe leaves it."""

    def make(path, record):
        wav(SPEECH)(path, record)
        form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
        head = b"RIFF" + struct.pack("<I", length) + b"WAVE" + form
        sound = (SPEECH * 32_767).astype("<i2").tobytes()
        path.write_bytes(head + b"data" + struct.pack("<I", length) + sound)

    return make


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
FASTSTART = {"movflags": "+faststart"}
CONTAINERS = {  # name of the file: how to write it
    "bytes.wav": by_libsndfile("WAV", "PCM_U8"),
    "16.wav": by_libsndfile("WAV"),
    "24.wav": by_libsndfile("WAV", "PCM_24"),
    "32.wav": by_libsndfile("WAV", "PCM_32"),
    "float.wav": by_libsndfile("WAV", "FLOAT"),
    "double.wav": by_libsndfile("WAV", "DOUBLE"),
    "ulaw.wav": by_libsndfile("WAV", "ULAW"),
    "alaw.wav": by_libsndfile("WAV", "ALAW"),
    "ima.wav": by_libsndfile("WAV", "IMA_ADPCM"),
    "ms.wav": by_libsndfile("WAV", "MS_ADPCM"),
    "big.wav": by_libsndfile("WAV", endian="BIG"),
    "extensible.wav": by_libsndfile("WAVEX"),
    "long.rf64": by_libsndfile("RF64"),
    "long.w64": by_libsndfile("W64"),
    "mac.aiff": by_libsndfile("AIFF"),
    "little.aifc": by_libsndfile("AIFF", endian="LITTLE"),
    "sun.au": by_libsndfile("AU"),
    "little.au": by_libsndfile("AU", endian="LITTLE"),
    "apple.caf": by_libsndfile("CAF"),
    "alac.caf": by_libsndfile("CAF", "ALAC_16"),
    "amiga.svx": by_libsndfile("SVX"),
    "blaster.voc": by_libsndfile("VOC"),
    "timit.sph": by_libsndfile("NIST"),
    "ensoniq.paf": by_libsndfile("PAF"),
    "berkeley.sf": by_libsndfile("IRCAM"),
    "16.flac": by_libsndfile("FLAC"),
    "24.flac": by_libsndfile("FLAC", "PCM_24"),
    "vorbis.ogg": by_libsndfile("OGG", "VORBIS"),
    "voice.opus": by_libsndfile("OGG", "OPUS"),
    "voice.mp3": by_libsndfile("MP3", "MPEG_LAYER_III"),
    "lame.mp3": by_ffmpeg("mp3", "libmp3lame"),
    "memo.m4a": by_ffmpeg("ipod", "aac"),
    "alac.m4a": by_ffmpeg("ipod", "alac"),
    "fast.m4a": by_ffmpeg("mp4", "aac", options=FASTSTART),
    "raw.aac": by_ffmpeg("adts", "aac"),
    "film.mp4": by_ffmpeg("mp4", "aac", picture="libx264"),
    "new.3gp": by_ffmpeg("3gp", "aac"),
    "old.3gp": by_ffmpeg("3gp", "libopencore_amrnb", 8_000),
    "old.amr": by_ffmpeg("amr", "libopencore_amrnb", 8_000),
    "wide.awb": copied(AMR_WB),
    "voice.webm": by_ffmpeg("webm", "libopus", 48_000),
    "film.webm": by_ffmpeg("webm", "libopus", 48_000, picture="libvpx"),
    "flac.mka": by_ffmpeg("matroska", "flac"),
    "opus.mka": by_ffmpeg("matroska", "libopus", 48_000),
    "film.mkv": by_ffmpeg("matroska", "aac", picture="libx264"),
    "windows.wma": by_ffmpeg("asf", "wmav2"),
    "old.avi": by_ffmpeg("avi", "libmp3lame", picture="mpeg4"),
    "flash.flv": by_ffmpeg("flv", "aac"),
    "apple.mov": by_ffmpeg("mov", "pcm_s16le"),
    "camera.ts": by_ffmpeg("mpegts", "aac"),
    "pack.wv": by_ffmpeg("wv", "wavpack"),
    "true.tta": by_ffmpeg("tta", "tta"),
    "dvd.ac3": by_ffmpeg("ac3", "ac3", 48_000),
    "flac.oga": by_ffmpeg("ogg", "flac"),
    "speex.spx": copied(SPEEX),
}
MISNAMED = {
    "memo.wav": CONTAINERS["memo.m4a"],
    "browser.mp3": CONTAINERS["voice.webm"],
    "wave.m4a": CONTAINERS["16.wav"],
    "memo.au": CONTAINERS["memo.m4a"],
    "memo.snd": CONTAINERS["memo.m4a"],
    "flac.vox": CONTAINERS["16.flac"],
    "vorbis.raw": CONTAINERS["vorbis.ogg"],
    "opus.gsm": CONTAINERS["voice.opus"],
    "old.txt": CONTAINERS["old.amr"],
    "speex.wav": CONTAINERS["speex.spx"],
    "no_suffix": CONTAINERS["raw.aac"],
}
WITHOUT_LENGTH = {
    "zero.wav": wav_of_length(0),
    "sox.wav": wav_of_length(0x7FFFF000),
    "ffmpeg.wav": wav_of_length(0xFFFFFFFF),
    "piped.aiff": by_ffmpeg("aiff", "pcm_s16be", stream=True),
    "piped.au": by_ffmpeg("au", "pcm_s16be", stream=True),
    "piped.w64": by_ffmpeg("w64", "pcm_s16le", stream=True),
    "piped.caf": by_ffmpeg("caf", "pcm_s16be", stream=True),
    "piped.flac": by_ffmpeg("flac", "flac", stream=True),
    "piped.wma": by_ffmpeg("asf", "wmav2", stream=True),
    "piped.mka": by_ffmpeg("matroska", "flac", stream=True),
    "safari.mp4": by_ffmpeg("mp4", "aac", stream=True, options=FRAGMENTS),
    "chrome.webm": by_ffmpeg("webm", "libopus", 48_000, stream=True),
}
DECLARING = (
    *("16.wav", "big.wav", "extensible.wav", "long.rf64", "long.w64", "mac.aiff", "little.aifc"),
    *("sun.au", "little.au", "apple.caf", "amiga.svx", "blaster.voc", "timit.sph", "16.flac"),
    *(
        "vorbis.ogg",
        "voice.opus",
        "voice.mp3",
        "lame.mp3",
        "memo.m4a",
        "fast.m4a",
        "film.mp4",
        "old.3gp",
    ),
    *("voice.webm", "film.webm", "flac.mka", "film.mkv", "windows.wma", "old.avi", "flash.flv"),
    *("pack.wv", "true.tta", "flac.oga", "speex.spx"),
)


# ---------------------------------------------------------------------- what is no speech


def times(seconds=3.0):
    return np.arange(round(seconds * RATE)) / RATE


def sawtooth(hz):
    return 0.3 * (2 * (hz * times() % 1) - 1)


def chirp(low, high):
    t = times()
    return 0.3 * np.sin(2 * np.pi * (low * t + (high - low) * t**2 / 6))


def tune(frequencies, seconds, n_harmonics):
    t = times(seconds)
    shape = np.minimum(1, 20 * t) * np.exp(-3 * t)
    notes = [
        shape * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, n_harmonics + 1))
        for hz in frequencies
    ]
    return 0.2 * np.tile(np.concatenate(notes), 3)


def chords(seed):
    rng = np.random.default_rng(seed)
    t = times(0.6)
    roots = 110 * 2 ** (rng.integers(0, 12, 8) / 12)
    tones = [(root * third, k) for root in roots for third in (1, 1.26, 1.5) for k in range(1, 9)]
    parts = np.array([np.sin(2 * np.pi * hz * k * t) / k for hz, k in tones]).reshape(8, -1, len(t))
    return 0.05 * (parts.sum(axis=1) * np.exp(-2 * t)).reshape(-1)


def coloured(power, seed=0):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(3 * RATE))
    noise = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** power)
    return 0.1 * noise / noise.std()


def clicks(hz):
    return np.where(np.arange(3 * RATE) % (RATE // hz) == 0, 0.8, 0.0)


def drums():
    rng, t = np.random.default_rng(0), times(0.25)
    kick = np.sin(2 * np.pi * 60 * np.exp(-8 * t) * 3 * t) * np.exp(-12 * t)
    snare = rng.standard_normal(len(t)) * np.exp(-25 * t) / 2
    return 0.5 * np.tile(np.concatenate([kick, snare]), 6)


NO_SPEECH = {
    "sawtooth_110": sawtooth(110),
    "sawtooth_220": sawtooth(220),
    "sawtooth_440": sawtooth(440),
    "square_150": np.sign(sawtooth(150)) / 3,
    "tone_220": 0.3 * np.sin(2 * np.pi * 220 * times()),
    "tone_1000": 0.3 * np.sin(2 * np.pi * 1000 * times()),
    "chirp_up": chirp(100, 8000),
    "chirp_down": chirp(4000, 200),
    "chirp_slow": chirp(80, 400),
    "flute": tune((523, 587, 659, 784), 0.3, 2),
    "piano": tune((262, 330, 392, 523), 0.5, 12),
    "beeps": tune((880, 1047), 0.15, 1),
    "chords": chords(0),
    "more_chords": chords(1),
    "hiss": coloured(0),
    "rain": coloured(0.5),
    "rumble": coloured(1),
    "ticking": clicks(2),
    "rattle": clicks(10),
    "buzz": clicks(100),
    "drums": drums(),
    "hum": 0.1 * np.sin(2 * np.pi * 50 * times()) + 0.02 * np.sin(2 * np.pi * 150 * times()),
    "ringing": 0.2 * (np.sin(2 * np.pi * 440 * times()) + np.sin(2 * np.pi * 480 * times())),
}


# ---------------------------------------------------------------------- damage


def empty_chunks(head, chunk):
    return of_bytes(head + 200_000 * chunk)


def without_end_mark(path, record):
    by_libsndfile("OGG", "VORBIS")(path, record)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"OggS") + 5] &= ~4
    # The checksum of that page counts its flags.
    start = content.rindex(b"OggS")
    content[start + 22 : start + 26] = bytes(4)
    page = bytes(content[start:])
    content[start + 22 : start + 26] = struct.pack("<I", _ogg_checksum(page))
    path.write_bytes(content)


def _ogg_checksum(page):
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ (0x04C11DB7 if total & 1 << 31 else 0)) & 0xFFFFFFFF
    return total


def bits_flipped(name, n_flips, seed):
    def make(path, record):
        CONTAINERS[name](path, record)
        content = np.frombuffer(path.read_bytes(), np.uint8).copy()
        rng = np.random.default_rng(seed)
        content[rng.integers(0, len(content), n_flips)] ^= 0x55
        path.write_bytes(content.tobytes())

    return make


def zipped(path, record):
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(RECORDING, "voice.wav")


def linked(path, record):
    path.symlink_to(path.with_name("gone.wav"))


def circular(path, record):
    path.symlink_to(path)


def piped(path, record):
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(RECORDING.read_bytes(),), daemon=True).start()


def by_wave_module(path, record):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((SPEECH * 32_767).astype("<i2").tobytes())


def sides(*gains):
    return wav(SPEECH[:, None] * np.array(gains, np.float32))


FORM = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
EBML = bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61428781044285")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
W64 = bytes.fromhex("726966662e91cf11a5d628db04c10000ffffffffffffff00") + b"wave" + W64_TAIL


# ---------------------------------------------------------------------- what comes of it


@dataclass(frozen=True)
class Kind:
    """A recording and what becomes of it: an emotion, none, a refusal in words, or either."""

    name: str
    make: Callable
    outcome: str  # "emotion", "none", "refused", "either"
    words: str = ""  # on standard error


def kinds():
    for name, make in {**CONTAINERS, **WITHOUT_LENGTH}.items():
        telephone = "by telephone" if name in ("old.3gp", "old.amr") else ""
        yield Kind(name, make, "emotion", telephone)
    for name, make in MISNAMED.items():
        yield Kind(f"misnamed-{name}", make, "emotion", "by telephone" if name == "old.txt" else "")
    for name in DECLARING:
        for share in (0.5, 0.9):
            yield Kind(f"{share}-of-{name}", cut(CONTAINERS[name], share), "refused", CUT)
    for name, samples in NO_SPEECH.items():
        yield Kind(f"{name}.wav", wav(samples), "none")
    for name in ("16.wav", "16.flac", "voice.mp3", "memo.m4a", "voice.webm", "vorbis.ogg"):
        for seed in range(2):
            yield Kind(f"flipped-{seed}-{name}", bits_flipped(name, 12, seed), "either")
    upside_down = "channels cancel each other"
    yield from (
        Kind("chords.m4a", by_ffmpeg("ipod", "aac", samples=chords(2)), "none"),
        Kind("sawtooth.webm", by_ffmpeg("webm", "libopus", 48_000, samples=sawtooth(110)), "none"),
        Kind("upside_down.wav", sides(1, -1), "emotion", upside_down),
        Kind("quieter.wav", sides(-0.7, 1), "emotion", upside_down),
        Kind("left.wav", sides(1, 0), "emotion"),
        Kind("eight.wav", sides(*[1] * 8), "emotion"),
        Kind("two_pairs.wav", sides(1, -1, 1, -1), "emotion", upside_down),
        Kind("python.wav", by_wave_module, "emotion"),
        Kind("fifo.wav", piped, "emotion"),
        Kind("unmarked.ogg", without_end_mark, "emotion", "mark at the end of an Ogg file is miss"),
        Kind("chunks.wav", empty_chunks(b"RIFF\0\0\0\x7eWAVE" + FORM, b"junk" + bytes(4)),
             "refused", "more than 10000 parts"),
        Kind("chunks.aiff", empty_chunks(b"FORM\x7e\0\0\0AIFF", b"junk" + bytes(4)),
             "refused", "more than 10000 parts"),
        Kind("chunks.caf", empty_chunks(b"caff\0\1\0\0", b"free" + bytes(8)),
             "refused", "more than 10000 parts"),
        Kind("chunks.w64", empty_chunks(W64, b"junk" + W64_TAIL + struct.pack("<Q", 24)),
             "refused", "more than 10000 parts"),
        Kind("chunks.avi", empty_chunks(b"RIFF\0\0\0\x7eAVI ", b"junk" + bytes(4)),
             "refused", "more than 10000 parts"),
        Kind("atoms.mp4", empty_chunks(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", b"\0\0\0\x08free"),
             "refused", "more than 26000 parts"),
        Kind("blocks.flac", empty_chunks(b"fLaC", b"\1\0\0\0"), "refused", "more than 10000 parts"),
        Kind("text.wav", of_bytes(b"This is a letter. " * 50), "refused", "not a recording"),
        Kind("text.au", of_bytes(b"This is a letter. " * 50), "refused", "not a recording"),
        Kind("text.raw", of_bytes(b"This is a letter. " * 50), "refused", "not a recording"),
        Kind("page.webm", of_bytes(b"<!doctype html><title>404</title>"), "refused", "not a rec"),
        Kind("picture.wav", of_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500)), "refused", "not a rec"),
        Kind("archive.m4a", zipped, "refused", "not a recording"),
        Kind("zeros.mp3", of_bytes(bytes(50_000)), "refused", "not a recording"),
        Kind("random.aac", of_bytes(np.random.default_rng(0).bytes(50_000)), "refused", "not a r"),
        Kind("matroska.mkv", of_bytes(EBML + b"\2" + bytes(99)), "refused", "cut off or damaged"),
        Kind("empty.wav", of_bytes(b""), "refused", "the file is empty"),
        Kind("head.wav", of_bytes(RECORDING.read_bytes()[:30]), "refused", "not a recording"),
        Kind("silent.wav", wav(0 * SPEECH), "refused", "is silent"),
        Kind("both_silent.m4a", by_ffmpeg("ipod", "aac", samples=0 * SPEECH), "refused", "is sil"),
        Kind("short.wav", wav(SPEECH[:800]), "refused", "too short"),
        Kind("nan.wav", wav(np.where(np.arange(RATE) == 99, np.nan, SPEECH[:RATE])),
             "refused", "NaN or infinite"),
        Kind("folder.wav", lambda path, record: path.mkdir(), "refused", "is a directory"),
        Kind("nothing.wav", lambda path, record: None, "refused", "no such file"),
        Kind("link.wav", linked, "refused", "link to a file that is not there"),
        Kind("circle.wav", circular, "refused", "cannot be opened .*give another path"),
        Kind("x" * 300, lambda path, record: None, "refused", "cannot be opened"),
    )  # fmt: skip


KINDS = list(kinds())


def test_the_collection_is_large():
    assert len(KINDS) >= 115 and len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name[:40])
def test_it_is_answered_as_what_it_is(emotify, past_python, tmp_path, record, kind):
    path = tmp_path / kind.name.removeprefix("misnamed-")
    kind.make(path, record)
    with past_python() as chatter:
        code, out, err = emotify("recognize", "--json", path)
    assert code == (2 if kind.outcome == "refused" else 0) or kind.outcome == "either"
    lines = err.splitlines()
    assert all(line.startswith(f"emotify: {path}: ") for line in lines), err
    assert chatter.read_text() == ""  # nor does any library say a word
    if kind.words:
        assert len(lines) == 1
        assert re.search(kind.words, err), err
    elif kind.outcome in ("emotion", "none"):
        assert not lines
    if code:
        assert out == "" and lines
        return
    answer = json.loads(out)
    if kind.outcome == "none":
        assert answer["emotion"] is None and answer["confidence"] == 0
        assert answer["absence"] == "no speech heard" and answer["uncertain"]
        assert answer["doubts"][0].startswith("no speech was heard in it (")
        assert len(answer["probabilities"]) == 8
    elif kind.outcome == "emotion":
        assert answer["emotion"] in EMOTION_NAMES and "absence" not in answer
        assert answer["confidence"] == max(answer["probabilities"].values())
        assert 1.9 < answer["duration_seconds"] < 3.4
