"""Folders of one's own become clips, and what cannot be used is told before anything is done."""

import csv

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from ser.corpora.own import digest_of, read_corpora

RATE = 16_000


def sound(seed=0, seconds=0.5):
    times = np.arange(round(seconds * RATE)) / RATE
    return 0.1 * np.sin(2 * np.pi * (150 + 10 * seed) * times)


@pytest.fixture
def corpus(tmp_path):
    """Write a folder with some recordings and the table of them."""

    def make(name, rows, header=("file", "emotion", "speaker")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for number, row in enumerate(rows):
            if row[0].endswith(".wav"):
                soundfile.write(folder / row[0], sound(number), RATE)
        table = folder / "labels.csv"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return folder, table

    return make


def test_clips_of_several_folders_know_their_corpus_and_speaker(corpus):
    own = read_corpora(
        [
            corpus("one/data", [("a.wav", "angry", "ann"), ("b.wav", "HAPPY", "bob")]),
            corpus("two/data", [("a.wav", "sad", "ann")]),
            corpus("RAVDESS", [("x.wav", "calm", "eve")]),
        ],
        taken=("RAVDESS",),
    )
    assert [(c.clip_id, c.speaker, c.emotion.name, c.corpus) for c in own.clips] == [
        ("data/a.wav", "data/ann", "angry", "data"),
        ("data/b.wav", "data/bob", "happy", "data"),
        ("data 2/a.wav", "data 2/ann", "sad", "data 2"),
        ("RAVDESS 2/x.wav", "RAVDESS 2/eve", "calm", "RAVDESS 2"),
    ]
    assert own.summaries() == []


def test_what_cannot_be_used_is_left_out_with_its_reason(corpus):
    folder, table = corpus(
        "data",
        [("a.wav", "angry", "ann"), ("b.wav", "bored", "ann"), ("c.wav", "sad", ""),
         ("silent.wav", "sad", "ann"), ("none", "sad", "ann")],
    )  # fmt: skip
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    own = read_corpora([(folder, table)])
    assert [clip.clip_id for clip in own.clips] == ["data/a.wav"]
    [line] = own.summaries()
    assert line.startswith("data: 4 of 5 rows left out") and "silent.wav: is silent" in line


def test_tables_that_say_too_little_and_recordings_given_twice_are_refused(corpus):
    nameless = corpus("nameless", [("a.wav", "angry")], header=("file", "emotion"))
    with pytest.raises(InputError, match=r"no column speaker; .* name in the column speaker"):
        read_corpora([nameless])
    folder, table = corpus("data", [("a.wav", "angry", "ann")])
    with pytest.raises(InputError, match="given twice; put the rows of its tables into one"):
        read_corpora([(folder, table), (folder / "..", table), (folder, table)])
    with pytest.raises(InputError, match=r"a\.wav is listed in two tables"):
        above = corpus("above", [("../data/a.wav"[:-4], "angry", "ann")])
        read_corpora([(folder, table), above])


def test_a_digest_knows_sound_label_and_speaker_and_no_order(corpus):
    rows = [("a.wav", "angry", "ann"), ("b.wav", "happy", "bob")]
    folder, table = corpus("data", rows)
    clips = read_corpora([(folder, table)]).clips
    first = digest_of(clips)
    assert digest_of(clips[::-1]) == first
    seen = {first}
    for changed in ([rows[0], ("b.wav", "sad", "bob")], [rows[0], ("b.wav", "happy", "eve")]):
        table.write_text("\n".join(map(",".join, [("file", "emotion", "speaker"), *changed])))
        seen.add(digest_of(read_corpora([(folder, table)]).clips))
    soundfile.write(folder / "b.wav", sound(7), RATE)
    seen.add(digest_of(read_corpora([(folder, table)]).clips))
    assert len(seen) == 4
