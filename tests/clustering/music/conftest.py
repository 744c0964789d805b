"""What the tests of music share: short sounds count, and are heard in this process."""

from functools import partial

import pytest

from clustering.music import files as music_files
from clustering.music.sound import Limits

SHORT = Limits(shortest_seconds=3.0, longest_seconds=300.0)


def in_turn(function, waiting, *asked, n_jobs, tell):
    """Do what `clustering.music.workers.each` does, without processes."""
    return (function(path, *asked) for path in waiting)


def tag(path, **tags):
    """Write tags into a sound file; they may have several values."""
    import mutagen

    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    for key, value in tags.items():
        file[key] = value
    file.save()


@pytest.fixture
def short_sounds(monkeypatch):
    """Let short sounds be music unless asked otherwise, and hear them in this process."""
    monkeypatch.setattr(music_files, "each", in_turn)
    monkeypatch.setattr(music_files, "Limits", partial(Limits, 3.0, 300.0))
