"""What is read of a music file, whatever its channels, its length and its kind."""

import numpy as np
import pytest
import soundfile

from clustering.music.sound import QUIETEST_LUFS, Limits, loudness, mono, read_middle
from foundation.errors import InputError

pytest.importorskip("pyloudnorm")
RATE = 22_050


def tone(seconds=4, hz=440.0):
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(seconds * RATE) / RATE)).astype(np.float32)


def test_one_channel_is_as_loud_as_two_alike():
    one = tone()
    assert loudness(one[:, None], RATE) == pytest.approx(
        loudness(np.column_stack([one, one]), RATE), abs=0.01
    )


def test_eight_channels_are_as_loud_as_the_two_that_sound():
    stereo = np.column_stack([tone(), tone(hz=550)])
    eight = np.zeros((len(stereo), 8), dtype=np.float32)
    eight[:, [0, 1]] = stereo
    assert loudness(eight, RATE) == pytest.approx(loudness(stereo, RATE), abs=0.01)
    assert np.corrcoef(mono(eight), mono(stereo))[0, 1] == pytest.approx(1)


def test_an_inverted_channel_does_not_silence_the_other():
    one = tone()
    assert mono(np.column_stack([one, -one])) == pytest.approx(one)
    assert mono(np.column_stack([one, 0 * one])) == pytest.approx(one / 2)


def test_next_to_nothing_has_a_loudness():
    assert loudness(np.zeros((RATE, 2), np.float32), RATE) == QUIETEST_LUFS


@pytest.mark.parametrize(
    ("seconds", "limits", "words"),
    [
        (4, Limits(), r"lasts 4 s, less than 30 s \(a sound effect\?\)"),
        (12, Limits(3.0, 10.0), r"lasts 12 s, more than 10 s"),
        (130, Limits(3.0, 120.0), r"lasts 2:10 min, more than 2:00 min \(a mix, or an audiobook"),
        (2, Limits(3.0), r"lasts 2 s, less than 3 s"),
    ],
)
def test_other_lengths_are_told(tmp_path, seconds, limits, words):
    soundfile.write(tmp_path / "x.flac", np.tile(tone(2), seconds // 2), RATE)
    with pytest.raises(InputError, match=words):
        read_middle(tmp_path / "x.flac", limits)


@pytest.mark.parametrize("bounds", [(2.0, 60.0), (60.0, 30.0), (np.nan, 60.0), (3.0, np.nan)])
def test_limits_that_let_nothing_through_are_refused(bounds):
    with pytest.raises(InputError, match="give a shortest length of at least 3 s"):
        Limits(*bounds)


def test_the_command_has_the_same_limits():
    from inspect import signature

    from app.command.tracks import analyse

    told = signature(analyse).parameters
    assert told["shortest"].default == Limits().shortest_seconds
    assert told["longest"].default * 60 == Limits().longest_seconds
    assert told["spoken"].default is Limits().spoken


def test_a_file_without_permission_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "x.m4a"
    path.write_bytes(b"sound of somebody else")

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("clustering.music.sound._middle_by_libsndfile", forbidden)
    with pytest.raises(InputError, match="may not be read; change its permissions"):
        read_middle(path)
