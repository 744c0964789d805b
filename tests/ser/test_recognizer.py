"""The shipped model answers for files and arrays alike, without the training framework."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from emotions.calibration import Calibration
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from foundation.shipped import shipped
from ser import recognizer as recognizer_module
from ser.corpora.ravdess import index_clips
from ser.evaluation.folds import make_folds
from ser.features.augment import add_noise
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import Recognizer, Summary, load_recognizer
from ser.sound.audio import Recording, read_whole
from ser.sound.denoiser import denoise
from ser.sound.windows import Window, cut

SAMPLES = shipped("data", "samples")
RECORDING = SAMPLES / "reading_short.wav"
RAVDESS = os.environ.get("EMOTIFY_RAVDESS", "")
NOISE = os.environ.get("EMOTIFY_NOISE", "")


@pytest.fixture(scope="module")
def recognizer():
    return load_recognizer()


@pytest.fixture(scope="module")
def speech():
    samples, rate = soundfile.read(RECORDING, dtype="float32")
    return samples, rate


def test_a_file_and_its_samples_give_the_same_estimate(recognizer, speech):
    samples, rate = speech
    of_file = recognizer.predict(RECORDING)
    of_array = recognizer.predict(samples, sample_rate_hz=rate)
    assert isinstance(of_file, EmotionEstimate)
    assert of_file.probabilities == pytest.approx(of_array.probabilities, abs=1e-6)
    assert of_file.duration_seconds == pytest.approx(len(samples) / rate)
    assert of_file.segments == ()  # shorter than a window


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}


@pytest.mark.parametrize(
    ("name", "container", "codec", "rate_hz", "options"),
    [
        ("voice.m4a", "ipod", "aac", 44_100, {}),
        ("voice.m4a", "ipod", "alac", 44_100, {}),
        ("voice.wav", "ipod", "aac", 44_100, {}),  # under a wrong name
        ("voice.aac", "adts", "aac", 48_000, {}),
        ("film.mp4", "mp4", "aac", 48_000, {"picture": "libx264"}),
        ("voice.stream", "mp4", "aac", 44_100, {"options": FRAGMENTS}),  # Safari
        ("voice.webm", "webm", "libopus", 48_000, {"bit_rate": 64_000}),
        ("voice.stream", "webm", "libopus", 48_000, {"bit_rate": 64_000}),  # Chrome
        ("voice.mp3", "webm", "libopus", 48_000, {"bit_rate": 64_000}),  # under a wrong name
        ("voice.3gp", "3gp", "aac", 48_000, {}),
        ("voice.mka", "matroska", "flac", 48_000, {}),
        ("film.mkv", "matroska", "aac", 48_000, {"picture": "libx264"}),
        ("voice.mp3", "mp3", "libmp3lame", 44_100, {}),
    ],
)
def test_what_phones_record_gets_the_estimate_of_its_wav(
    recognizer, speech, tmp_path, record, name, container, codec, rate_hz, options
):
    samples, rate = speech
    sound = soxr.resample(samples, rate, rate_hz)
    options = {"bit_rate": 128_000, **options}
    path = record(tmp_path / name, sound, rate_hz, codec, container=container, **options)
    of_wav, of_path = recognizer.predict(RECORDING), recognizer.predict(path)
    assert of_path.label == of_wav.label
    assert of_path.duration_seconds == pytest.approx(of_wav.duration_seconds, abs=0.05)
    # What a codec leaves out may move the first frame of the sound: the models' card has figures.
    lossless = codec in ("alac", "flac")
    apart = np.abs(np.subtract(of_path.probabilities, of_wav.probabilities)).max()
    assert apart < (0.002 if lossless else 0.02)


def test_windows_media_gets_about_the_same_estimate(recognizer, speech, tmp_path, record):
    """Its decoder leaves out the first frames, in which this recording has speech."""
    samples, rate = speech
    path = record(tmp_path / "voice.wma", soxr.resample(samples, rate, 44_100), 44_100, "wmav2")
    of_wav, of_path = recognizer.predict(RECORDING), recognizer.predict(path)
    assert of_path.label == of_wav.label
    assert np.abs(np.subtract(of_path.probabilities, of_wav.probabilities)).max() < 0.05


@pytest.mark.parametrize("name", ["voice.amr", "voice.3gp"])
def test_what_old_phones_record_is_as_near_as_a_telephone(
    recognizer, speech, tmp_path, record, name
):
    samples, rate = speech
    sound = soxr.resample(samples, rate, 8_000)
    path = record(tmp_path / name, sound, 8_000, "libopencore_amrnb", bit_rate=12_200)
    plain = recognizer.predict(sound, sample_rate_hz=8_000)
    of_path = recognizer.predict(path)
    assert of_path.label == plain.label
    assert np.abs(np.subtract(of_path.probabilities, plain.probabilities)).sum() / 2 < 0.3


def test_different_voices_get_different_answers(recognizer):
    estimates = [recognizer.predict(path) for path in sorted(SAMPLES.glob("*.wav"))]
    assert len({tuple(np.round(e.probabilities, 3)) for e in estimates}) == len(estimates) >= 5


@pytest.mark.parametrize("gain_db", [-30, -12, 6])
def test_the_gain_of_a_microphone_changes_nothing(recognizer, speech, gain_db):
    samples, rate = speech
    loud = recognizer.predict(samples * 10 ** (gain_db / 20), sample_rate_hz=rate)
    plain = recognizer.predict(samples, sample_rate_hz=rate)
    assert loud.probabilities == pytest.approx(plain.probabilities, abs=1e-3)


def test_silence_around_the_speech_changes_little(recognizer, speech):
    samples, rate = speech
    silence = np.zeros(2 * rate, np.float32)
    framed = recognizer.predict(np.concatenate([silence, samples, silence]), sample_rate_hz=rate)
    plain = recognizer.predict(samples, sample_rate_hz=rate)
    # The trim works in hops of 32 ms, so the frames may start up to one hop apart.
    assert framed.label == plain.label
    assert framed.probabilities == pytest.approx(plain.probabilities, abs=0.15)


def test_a_long_recording_has_a_timeline_that_covers_it(recognizer, speech):
    samples, rate = speech
    repeated = np.tile(samples, 6)
    estimate = recognizer.predict(repeated, sample_rate_hz=rate)
    starts = [segment.place.start for segment in estimate.segments]
    ends = [segment.place.end for segment in estimate.segments]
    assert len(estimate.segments) >= 5 and starts == sorted(starts)
    assert all(start <= end for start, end in zip(starts[1:], ends, strict=False))  # no gap
    assert ends[-1] > estimate.duration_seconds - 1
    assert estimate.doubts == ()


@pytest.mark.parametrize("more_seconds", [0.1, 0.4, 0.6, 0.95])
def test_a_timeline_shows_each_stretch_once(recognizer, speech, more_seconds):
    """The last window of a stretch ends where it ends, however little of it is new."""
    samples, rate = speech
    sound = np.tile(samples, 3)[: round((7 + more_seconds) * rate)]
    estimate = recognizer.predict(sound, sample_rate_hz=rate)
    starts = np.array([segment.place.start for segment in estimate.segments])
    assert len(starts) >= 3 and np.diff(starts).min() >= 0.5
    assert estimate.segments[-1].place.end > estimate.duration_seconds - 0.8
    windows = list(cut(Recording(sound, rate), recognizer.settings))
    assert len(windows) - len(starts) <= 1  # what is not shown counts all the same
    summary = Summary(recognizer.calibration)
    for one in windows:
        summary.add(one, recognizer.judge([recognizer.artefact.extractor(one.samples)])[0])
    assert estimate.probabilities == pytest.approx(summary.probabilities(), abs=1e-3)


def test_the_window_that_ends_a_stretch_may_be_one_that_was_shown():
    summary = Summary(Calibration())
    row = np.full(8, 1 / 8)
    places = [(0, 0.2), (0, 1.2), (0, 1.3), (1, 1.5), (1, 2.1)]
    shown = [
        summary.add(Window(start, start + 4, np.zeros(0, np.float32), 3.0, 1.0, stretch), row)
        for stretch, start in places
    ]
    assert [segment is not None for segment in shown] == [True, True, False, True, True]


def in_noise(samples, rate, ratio_db):
    """Return speech between two silences, with white noise over all of it."""
    silence = np.zeros(rate, np.float32)
    sound = np.concatenate([silence, samples, silence])
    noise = np.random.default_rng(0).standard_normal(len(sound))
    return add_noise(sound, noise, ratio_db, rate)


def test_noisy_speech_is_heard_twice(recognizer, speech):
    samples, rate = speech
    noisy = in_noise(samples, rate, 10)
    settings = recognizer.settings
    [window] = cut(Recording(noisy, rate), settings)
    assert window.speech_to_noise_db == pytest.approx(10, abs=2)
    again = next(cut(Recording(denoise(window.samples), 16_000), settings))
    assert len(again.samples) <= len(window.samples)
    extractor = recognizer.artefact.extractor
    both = recognizer.judge([extractor(window.samples), extractor(again.samples)])
    assert np.abs(both[0] - both[1]).max() > 0.01  # what follows could fail
    mean = np.exp(np.log(both).mean(axis=0))
    estimate = recognizer.predict(noisy, sample_rate_hz=rate)
    assert estimate.probabilities == pytest.approx(mean / mean.sum(), abs=1e-5)


def test_quiet_speech_is_heard_once(recognizer, speech, monkeypatch):
    samples, rate = speech
    recognizer = Recognizer(recognizer.artefact, noisy_below_db=15.0)
    monkeypatch.setattr(recognizer_module, "denoise", lambda _: pytest.fail("was denoised"))
    recognizer.predict(samples, sample_rate_hz=rate)
    with pytest.raises(pytest.fail.Exception, match="was denoised"):
        recognizer.predict(in_noise(samples, rate, 10), sample_rate_hz=rate)


def test_noise_of_which_nothing_is_left_is_heard_as_it_is(recognizer, speech, monkeypatch):
    samples, rate = speech
    noisy = in_noise(samples, rate, 10)
    monkeypatch.setattr(recognizer_module, "denoise", np.zeros_like)
    once = Recognizer(recognizer.artefact, noisy_below_db=-np.inf)
    for one in (recognizer, once):
        assert one.predict(noisy, sample_rate_hz=rate) == once.predict(noisy, sample_rate_hz=rate)


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_noisy_stream_gives_the_estimate_of_the_whole(recognizer, speech, repeats):
    samples, rate = speech
    sound = in_noise(np.tile(samples, repeats), rate, 10)
    stream = recognizer.stream(rate)
    for block in np.array_split(sound, 37):
        stream.feed(block)
    whole = recognizer.predict(sound, sample_rate_hz=rate)
    assert stream.finish().probabilities == pytest.approx(whole.probabilities, abs=1e-5)


@pytest.mark.skipif(
    not (RAVDESS and NOISE), reason="EMOTIFY_RAVDESS and EMOTIFY_NOISE name no folders"
)
def test_the_second_hearing_helps_in_a_street_and_a_kennel():
    """With networks that have not heard the speakers; the table of robustness has all clips."""
    clips = [c for c in index_clips(RAVDESS) if c.channel == "speech"]
    fold = make_folds(clips, "luna-jimenez")[0]
    recognizer = load_recognizer(DEFAULT_FOLDER / "folds" / str(fold.number))
    noises = [read_whole(Recording(p), 16_000) for p in sorted(Path(NOISE).rglob("*.opus"))[::9]]
    noises = [noise for noise in noises if noise.std() > 1e-3]

    def negative_log_likelihood(recognizer):
        logarithms = []
        for number, clip in enumerate(fold.test[::2]):
            samples = read_whole(Recording(clip.path), 16_000)
            noise = np.resize(noises[number % len(noises)], len(samples))
            noisy = add_noise(samples, noise, 10, 16_000)
            estimate = recognizer.predict(noisy, sample_rate_hz=16_000)
            logarithms.append(np.log(estimate.probabilities[clip.emotion.code - 1]))
        return -np.mean(logarithms)

    once = Recognizer(recognizer.artefact, noisy_below_db=-np.inf)
    assert negative_log_likelihood(recognizer) < negative_log_likelihood(once) - 0.05


def window(stretch, speech, new_speech):
    return Window(0.0, 4.0, np.zeros(0, np.float32), speech, new_speech, stretch)


def test_the_summary_counts_each_second_of_speech_once_by_its_confidence():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(8), 4)
    summary = Summary(Calibration())
    # Two windows that overlap by 3 s, and two stretches of their own.
    places = [(0, 4.0, 4.0), (0, 4.0, 1.0), (1, 2.0, 2.0), (2, 0.5, 0.5)]
    for place, row in zip(places, rows, strict=True):
        summary.add(window(*place), row)
    weighted = rows * rows.max(axis=1, keepdims=True)
    expected = 5 * weighted[:2].mean(axis=0) + 2 * weighted[2] + 0.5 * weighted[3]
    assert summary.probabilities() == pytest.approx(tuple(expected / expected.sum()))
    assert summary.speech_seconds == 7.5


def test_the_summary_of_one_window_is_that_window():
    for speech_seconds in (0.0, 3.0):
        row = np.random.default_rng(1).dirichlet(np.ones(8))
        summary = Summary(Calibration())
        summary.add(window(0, speech_seconds, speech_seconds), row)
        assert summary.probabilities() == pytest.approx(tuple(row))


def test_pauses_are_not_in_the_timeline(recognizer, speech):
    samples, rate = speech
    pause = np.random.default_rng(0).normal(0, 0.002, 8 * rate).astype(np.float32)
    estimate = recognizer.predict(
        np.concatenate([samples, pause, samples, samples]), sample_rate_hz=rate
    )
    n = len(samples) / rate
    places = [segment.place for segment in estimate.segments]
    assert not any(p.end > n + 0.5 and p.start < n + 7.5 for p in places)
    assert places[0].end < n + 0.5 < places[1].start
    assert not any("speech" in doubt for doubt in estimate.doubts)


def blocks_of(sound, rng):
    """Return blocks of any length, as floats or 16-bit integers, mono or several channels."""
    start = 0
    while start < len(sound):
        size = int(rng.choice([0, 1, 100, 480, 1024, 4096, 30_000, 100_000]))
        block = sound[start : start + size]
        start += size
        yield np.repeat(block[:, None], 2, axis=1) if rng.random() < 0.5 else block


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_a_stream_gives_the_estimate_of_the_whole(recognizer, speech, rate_hz, dtype):
    samples, rate = speech
    long = np.concatenate([0.3 * samples, np.zeros(2 * rate, np.float32), samples, samples])
    for original in (samples, long):
        sound = soxr.resample(original, rate, rate_hz)
        if dtype is np.int16:
            sound = np.round(sound * 32_767).astype(np.int16)
        whole = recognizer.predict(sound, sample_rate_hz=rate_hz)
        rng = np.random.default_rng(rate_hz)
        for _ in range(2):
            stream = recognizer.stream(rate_hz)
            heard = [segment for block in blocks_of(sound, rng) for segment in stream.feed(block)]
            estimate = stream.finish()
            assert estimate.probabilities == pytest.approx(whole.probabilities, abs=1e-5)
            assert estimate.duration_seconds == pytest.approx(whole.duration_seconds)
            assert len(estimate.segments) == len(whole.segments)
            for one, other in zip(estimate.segments, whole.segments, strict=True):
                assert one.place == other.place
                assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
            assert heard == list(estimate.segments)[: len(heard)]
            assert bool(heard) == (original is long)


def test_a_stream_refuses_what_a_file_refuses(recognizer):
    with pytest.raises(InputError, match="sample rate is 12 Hz"):
        recognizer.stream(12)
    stream = recognizer.stream(16_000)
    with pytest.raises(InputError, match="no recording"):
        stream.feed(["not sound"])
    with pytest.raises(InputError, match="NaN or infinite"):
        stream.feed(np.full(10, np.nan))
    with pytest.raises(InputError, match="too short"):
        stream.finish()
    silent = recognizer.stream(16_000)
    silent.feed(np.zeros(16_000))
    with pytest.raises(InputError, match="the stream: is silent"):
        silent.finish()
    for again in (lambda: silent.feed(np.zeros(10)), silent.finish):
        with pytest.raises(InputError, match="is finished"):
            again()


@pytest.mark.parametrize("seconds", [3, 12])
def test_in_noise_no_emotion_is_heard(recognizer, seconds):
    noise = np.random.default_rng(0).normal(0, 0.05, seconds * 16_000)
    estimate = recognizer.predict(noise, sample_rate_hz=16_000)
    assert estimate.uncertain and estimate.segments == ()
    assert (estimate.emotion, estimate.absence) == (None, "no speech heard")
    assert estimate.doubts[0].startswith("no speech was heard in it (0.0 s in ")
    stream = recognizer.stream(16_000)
    for block in np.array_split(noise, 7):
        assert stream.feed(block) == []
    assert stream.finish().absence == estimate.absence


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0])
def test_a_word_is_speech(recognizer, speech, seconds):
    samples, rate = speech
    word = samples[rate : rate + round(seconds * rate)]
    estimate = recognizer.predict(word, sample_rate_hz=rate)
    assert estimate.emotion is not None
    silence = np.zeros(3 * rate, np.float32)
    framed = recognizer.predict(np.concatenate([silence, word, silence]), sample_rate_hz=rate)
    assert framed.emotion is not None


def test_a_scream_too_shrill_for_the_network_is_heard_when_it_is_played_slower(
    recognizer, monkeypatch
):
    noise = np.random.default_rng(0).normal(0, 0.05, 3 * 16_000)
    monkeypatch.setattr(recognizer_module, "shrill_speech_seconds", lambda _: 1.2)
    estimate = recognizer.predict(noise, sample_rate_hz=16_000)
    assert estimate.emotion is not None
    assert estimate.doubts[0].startswith("hardly any speech was heard in it (0.0 s in 3.0 s")


def test_a_few_words_in_a_lot_of_noise_are_answered_with_a_doubt(recognizer, speech):
    samples, rate = speech
    noise = np.random.default_rng(0).normal(0, 0.02, 90 * rate).astype(np.float32)
    noise[: len(samples)] += samples
    estimate = recognizer.predict(noise, sample_rate_hz=rate)
    assert estimate.doubts[0].startswith("hardly any speech was heard in it (")
    assert estimate.emotion is not None
    assert all(segment.place.end < len(samples) / rate + 1 for segment in estimate.segments)


def test_speech_of_less_than_a_second_is_doubted(recognizer, speech):
    samples, rate = speech
    short = recognizer.predict(samples[rate : rate + int(0.8 * rate)], sample_rate_hz=rate)
    assert short.emotion is not None
    assert re.match(r"only 0\.[5-9] s of speech was heard, too little", short.doubts[0])
    longer = recognizer.predict(samples[: 2 * rate], sample_rate_hz=rate)
    assert not any("too little" in doubt for doubt in longer.doubts)


def test_a_recording_that_is_open_is_taken(recognizer):
    assert recognizer.predict(Recording(RECORDING)) == recognizer.predict(RECORDING)
    with pytest.raises(InputError, match="knows its own rate"):
        recognizer.predict(Recording(RECORDING), sample_rate_hz=16_000)


@pytest.mark.skipif(not RAVDESS, reason="EMOTIFY_RAVDESS names no folder with RAVDESS speech")
def test_actors_are_heard_to_speak(recognizer):
    paths = [clip.path for clip in index_clips(Path(RAVDESS)) if clip.channel == "speech"][::18]
    doubted = [any("speech" in d for d in recognizer.predict(p).doubts) for p in paths]
    assert len(paths) >= 80 and np.mean(doubted) <= 0.03
    screams = [p for p in paths if "-05-02-" in p.name or "-06-02-" in p.name]
    assert np.mean([recognizer.predict(p).emotion is None for p in screams]) <= 0.05


@pytest.mark.skipif(not NOISE, reason="EMOTIFY_NOISE names no folder with ESC-10")
def test_what_is_no_speech_is_doubted(recognizer):
    paths = sorted(Path(NOISE).rglob("*.opus"))[::8]
    estimates = [recognizer.predict(p) for p in paths]
    doubted = [any("speech" in doubt for doubt in e.doubts) for e in estimates]
    assert len(paths) >= 50 and np.mean(doubted) >= 0.94
    assert np.mean([e.emotion is None for e in estimates]) >= 0.8


def test_neither_tensorflow_nor_librosa_nor_ffmpeg_is_imported():
    code = (
        "import sys; from ser.recognizer import load_recognizer; "
        f"load_recognizer().predict({str(RECORDING)!r}, progress=True); "
        "print([m for m in ('tensorflow', 'keras', 'librosa', 'sklearn', 'pandas', 'tqdm', 'av') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_damaged_network_is_refused(tmp_path):
    for name in ("settings.json", "preprocessing.npz", "model.onnx"):
        (tmp_path / name).write_bytes((DEFAULT_FOLDER / name).read_bytes())
    load_recognizer(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(InputError, match="is broken"):
        load_recognizer(tmp_path)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(InputError, match=r"model\.onnx is missing"):
        load_recognizer(tmp_path)
