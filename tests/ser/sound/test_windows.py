"""Windows hold the speech and no pauses, in one pass, in little memory, however blocks fall."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, find_sound
from ser.sound.windows import MARGIN_SECONDS, PAUSE_SECONDS, Window, WindowCutter, cut

SPEECH_FILE = shipped("data", "samples", "reading_short.wav")
SETTINGS = FeatureSettings()
RATE = SETTINGS.sample_rate_hz


@pytest.fixture(scope="module")
def speech() -> Samples:
    return soundfile.read(SPEECH_FILE, dtype="float32")[0]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def hiss(seconds: float, level: float, seed: int = 0) -> Samples:
    n = round(seconds * RATE)
    return np.random.default_rng(seed).normal(0, level, n).astype(np.float32)


def windows(*parts: Samples) -> list[Window]:
    return list(cut(Recording(np.concatenate(parts), RATE), SETTINGS))


def in_blocks(sound: Samples, seed: int) -> list[Window]:
    rng = np.random.default_rng(seed)
    cutter = WindowCutter(SETTINGS, "blocks")
    found, start = [], 0
    while start < len(sound):
        size = int(rng.choice([0, 1, 160, 441, 512, 4_800, 50_000]))
        found += cutter.feed(sound[start : start + size])
        start += size
    return found + cutter.finish()


def same(one: list[Window], other: list[Window]) -> bool:
    return [replace(w, samples=None) for w in one] == [
        replace(w, samples=None) for w in other
    ] and all(np.array_equal(a.samples, b.samples) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("lead", [0.0, 0.03, 1.0, 2.0, 4.5, 11.0])
@pytest.mark.parametrize("trail", [0.0, 2.0, 13.0])
@pytest.mark.parametrize("floor", [0.0, 1e-5, 3e-4])
def test_a_short_recording_is_one_window_trimmed_by_its_level(
    speech: Samples, lead: float, trail: float, floor: float
) -> None:
    sound = np.concatenate([silence(lead), speech, silence(trail)])
    sound += hiss(len(sound) / RATE, floor)
    bounds = find_sound(Recording(sound, RATE), SETTINGS)
    [window] = windows(sound)
    if lead + len(speech) / RATE <= 4 or floor <= 1e-5:  # else a room before, see below
        # By level, and no further from speech than what is faint beside it.
        assert 0 <= window.start_seconds - bounds.start / RATE < 0.2
        assert 0 <= bounds.end / RATE - window.end_seconds < 0.2
    start = round(window.start_seconds * RATE)
    assert np.array_equal(window.samples, sound[start : start + len(window.samples)])
    assert 2.5 < window.speech_seconds <= len(window.samples) / RATE + 0.04


def test_a_quiet_room_before_the_speech_is_no_part_of_it(speech: Samples) -> None:
    """The room is sound at first, until speech is heard that is much louder."""
    for seconds in (3.0, 20.0):
        found = windows(hiss(seconds, 3e-4), speech)
        assert len(found) == 1
        assert found[0].start_seconds == pytest.approx(seconds, abs=0.5)


@pytest.mark.parametrize("snr_db", [15, 20, 30])
def test_noise_around_the_speech_is_no_part_of_it(speech: Samples, snr_db: float) -> None:
    quiet = windows(speech[: 2 * RATE])[0].samples
    level = float(np.sqrt(np.mean(speech**2))) * 10 ** (-snr_db / 20)
    sound = np.concatenate([silence(0.8), speech[: 2 * RATE], silence(0.8)])
    [window] = windows(sound + hiss(len(sound) / RATE, level))
    assert abs(len(window.samples) - len(quiet)) / RATE < 0.4
    assert window.start_seconds == pytest.approx(0.8, abs=0.25)


def test_a_scream_that_is_not_taken_for_speech_is_kept(speech: Samples) -> None:
    times = np.arange(RATE // 2) / RATE
    scream = (np.abs(speech).max() * np.sign(np.sin(2 * np.pi * 1500 * times))).astype(np.float32)
    [window] = windows(silence(0.5), scream, silence(0.3), speech[: 2 * RATE])
    assert window.start_seconds < 0.5


@pytest.mark.parametrize("gain_db", [-40, -30, 10])
def test_gain_changes_no_window(speech: Samples, gain_db: float) -> None:
    sound = np.concatenate([silence(0.5), speech, silence(0.5)]) + hiss(
        len(speech) / RATE + 1, 1e-4
    )
    [window], [changed] = windows(sound), windows(sound * np.float32(10 ** (gain_db / 20)))
    assert (window.start_seconds, window.end_seconds) == (
        changed.start_seconds,
        changed.end_seconds,
    )


def test_a_click_before_a_silence_does_not_pull_the_window_to_itself(speech: Samples) -> None:
    click = hiss(0.01, 0.3)
    found = windows(click, silence(7), speech)
    assert [w.stretch for w in found] == [found[0].stretch]
    assert 6.9 < found[0].start_seconds < 7.5


def test_speech_of_any_length_is_covered(speech: Samples) -> None:
    sound = np.tile(speech, 4)
    found = windows(silence(1), sound, silence(1))
    assert found[0].start_seconds < 1.5
    assert found[-1].end_seconds > 1 + len(sound) / RATE - 0.5
    for window, following in pairwise(found):
        assert following.start_seconds - window.start_seconds <= 1.0 + 1e-9
    for window in found:
        assert len(window.samples) == SETTINGS.window_length
        assert window.speech_seconds > 0.7 * SETTINGS.window_seconds
    heard = sum(w.new_speech_seconds for w in found)
    assert 0.8 * len(sound) / RATE < heard <= len(sound) / RATE + 0.2


@pytest.mark.parametrize("level", [0.0, 0.003])
def test_pauses_are_left_out(speech: Samples, level: float) -> None:
    gap = hiss(20, level)
    found = windows(speech, gap, speech[: 2 * RATE], hiss(9, level, seed=1), np.tile(speech, 2))
    n = len(speech) / RATE
    spoken = [(0, n), (n + 20, n + 22), (n + 31, 3 * n + 31)]
    for window in found:
        assert any(
            start - MARGIN_SECONDS - 0.1 <= window.start_seconds
            and window.end_seconds <= end + PAUSE_SECONDS
            for start, end in spoken
        )
    for start, end in spoken:
        for second in np.arange(start + 0.5, end - 0.5, 0.25):
            assert any(w.start_seconds <= second <= w.end_seconds for w in found)
    assert len({w.stretch for w in found}) == 3


def test_a_recording_without_speech_gives_one_window() -> None:
    [long] = windows(silence(2), hiss(30, 0.05))
    assert long.speech_seconds == 0
    assert long.start_seconds == pytest.approx(2, abs=0.07)  # a frame of margin, and the grid
    assert len(long.samples) == SETTINGS.window_length
    [short] = windows(hiss(3, 0.05))
    assert short.speech_seconds == 0 and short.end_seconds == pytest.approx(3)


def test_silence_is_refused() -> None:
    for seconds in (1, 30):
        with pytest.raises(InputError, match=r"is silent \(nothing above -85 dBFS\)"):
            windows(silence(seconds))


def test_windows_do_not_depend_on_the_blocks(speech: Samples) -> None:
    """Also where the loudest sound comes late, and where all fits into one window."""
    loud = 5 * speech[:RATE]
    recordings = [
        speech,
        np.concatenate([silence(3), speech, silence(3)]),
        np.concatenate([hiss(6, 0.001), speech, hiss(3, 0.003), np.tile(speech, 2), loud]),
        np.concatenate([0.01 * speech, silence(5.3), speech]),
    ]
    for sound in recordings:
        whole = list(cut(Recording(sound, RATE), SETTINGS))
        assert whole
        assert all(same(whole, in_blocks(sound, seed)) for seed in range(3))


def test_what_is_given_does_not_wait_for_the_end(speech: Samples) -> None:
    cutter = WindowCutter(SETTINGS, "live")
    n = 0
    sound = np.tile(speech, 4)
    for start in range(0, len(sound), 1600):
        for window in cutter.feed(sound[start : start + 1600]):
            n += 1
            assert (start + 1600) / RATE - window.end_seconds < 2.1
    assert n >= 7


def test_other_hops_trim_on_their_own_grid(speech: Samples) -> None:
    settings = replace(SETTINGS, hop_seconds=0.010, frame_seconds=0.025)
    sound = np.concatenate([silence(1.3), speech, silence(0.7)])
    bounds = find_sound(Recording(sound, RATE), settings)
    [window] = cut(Recording(sound, RATE), settings)
    assert abs(len(window.samples) - (bounds.end - bounds.start)) < 0.3 * RATE
    assert len(window.samples) % 160 == 0 and round(window.start_seconds * RATE) % 160 == 0


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="hears 16000 Hz"):
        WindowCutter(replace(SETTINGS, sample_rate_hz=22_050), "other")


@pytest.mark.parametrize("kind", ["speech", "noise", "silence first"])
def test_memory_does_not_grow_with_the_length(speech: Samples, kind: str) -> None:
    integers = (np.tile(speech, 20) * 30_000).astype(np.int16)

    def peak_bytes(repeats: int) -> int:
        tracemalloc.start()
        cutter = WindowCutter(SETTINGS, kind)
        for number in range(repeats):
            block = integers[: 32 * RATE].astype(np.float32) / 32_768
            if kind == "noise":
                block = hiss(32, 0.03, seed=number)
            elif kind == "silence first" and number < repeats - 1:
                block = silence(32)
            cutter.feed(block)
        cutter.finish()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    short, long = peak_bytes(2), peak_bytes(6)
    assert long < 1.3 * short
