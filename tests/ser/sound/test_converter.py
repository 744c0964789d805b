"""Channels are mixed; where that would cancel them, the louder one is heard."""

import numpy as np
import pytest
import soundfile

from foundation.shipped import shipped
from ser.sound.converter import Converter

SPEECH, RATE = soundfile.read(shipped("data", "samples", "reading_short.wav"), dtype="float32")


def heard(channels, n_blocks=1, to_hz=RATE):
    converter = Converter("sound", RATE, to_hz)
    parts = [converter.feed(block) for block in np.array_split(channels, n_blocks)]
    return np.concatenate([*parts, converter.finish()]), converter.cancelled


def sides(*gains):
    return SPEECH[:, None] * np.array(gains, np.float32)


@pytest.mark.parametrize("gains", [(1, 1), (1, 0.3), (1, 0), (1, -0.3), (0, 0, 0, 1), (1, 1, -1)])
def test_channels_that_do_not_cancel_are_averaged(gains):
    mono, cancelled = heard(sides(*gains))
    assert not cancelled
    assert np.array_equal(mono, sides(*gains).mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize(
    ("gains", "louder"), [((1, -1), 0), ((0.7, -1), 1), ((-1, 0.9), 0), ((1, -1, 1, -1), 0)]
)
def test_of_channels_that_cancel_the_louder_one_is_heard(gains, louder):
    mono, cancelled = heard(sides(*gains))
    assert cancelled
    assert np.array_equal(mono, sides(*gains)[:, louder])


def test_noise_of_its_own_in_each_channel_does_not_hide_that_they_cancel():
    rng = np.random.default_rng(0)
    noise = 0.03 * SPEECH.std() * rng.standard_normal((len(SPEECH), 2)).astype(np.float32)
    mono, cancelled = heard(sides(1, -1) + noise)
    assert cancelled
    assert abs(np.corrcoef(mono, SPEECH)[0, 1]) > 0.99


def test_two_microphones_far_apart_are_averaged():
    rng = np.random.default_rng(0)
    channels = rng.standard_normal((5 * RATE, 2)).astype(np.float32)
    mono, cancelled = heard(channels)
    assert not cancelled
    assert np.array_equal(mono, channels.mean(axis=1, dtype=np.float32))


def test_a_cable_that_is_mended_on_the_way_loses_nothing():
    """Alike again after ten seconds, the channels are mixed as soon as the mix is no silence."""
    channels = np.concatenate([sides(1, -1)] * 3 + [sides(1, 1)] * 3)
    mono, cancelled = heard(channels)
    assert cancelled
    assert np.allclose(mono, np.tile(SPEECH, 6), atol=1e-6)


@pytest.mark.parametrize("gains", [(1, 0.4), (1, -1), (-0.8, 1)])
@pytest.mark.parametrize("to_hz", [RATE, 11_025])
def test_how_it_is_cut_into_blocks_changes_nothing(gains, to_hz):
    whole, cancelled = heard(sides(*gains), to_hz=to_hz)
    for n_blocks in (2, 7, 500):
        blocks, also = heard(sides(*gains), n_blocks, to_hz)
        assert also == cancelled
        assert len(blocks) == len(whole)
        assert np.abs(blocks - whole).max() < 1e-4 * (to_hz != RATE) + 1e-12


def test_the_number_of_channels_may_change_on_the_way():
    converter = Converter("sound", RATE, RATE)
    blocks = [sides(1, -1)[:20_000], SPEECH[20_000:30_000], sides(1, 1)[30_000:]]
    parts = [converter.feed(block) for block in blocks]
    assert np.array_equal(np.concatenate([*parts, converter.finish()]), SPEECH)
