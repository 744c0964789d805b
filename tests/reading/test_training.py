"""What is trained is what is served, and texts of other splits teach nothing."""

import numpy as np
import pandas as pd
import pytest

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from reading.corpora.texts import COLUMNS, CORPORA, read_texts, targets_of
from reading.corpora.written import FOLDER, written_texts
from reading.network.network import ReadingNetwork
from reading.network.pieces import FOLDER as PIECES
from reading.network.pieces import load_pieces
from reading.nuances import NUANCE_NAMES
from reading.text import load_reader
from reading.training.start import ENCODER_FILE

SAID = ["I am happy today", "no", "Ich gehe nach Hause, aber langsam und ungern."]


def table(*rows):
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def test_written_sentences_are_the_same_each_time_and_in_fourteen_languages():
    texts = written_texts()
    assert texts.equals(written_texts()) and len(texts) > 6000
    assert set(texts["language"]) == {path.stem for path in FOLDER.glob("*.toml")}
    assert {emotions[0] for emotions in texts["emotions"]} == set(EMOTION_NAMES)
    assert not texts["text"].str.contains(r"[{}]").any()


def test_labels_become_the_eight_and_what_was_not_asked_is_left_alone():
    goal = targets_of(
        table(
            ("a", "goemotions", "en", "train", ("happy", "sad"), ("joy", "grief")),
            ("b", "brighter", "en", "train", ("angry",), ()),
            ("c", "brighter", "de", "train", ("disgust",), ()),
        ),
        0.0,
    )
    assert goal.emotions[0].tolist() == [0, 0, 0.5, 0.5, 0, 0, 0, 0]
    assert goal.weights[0] < goal.weights[1]
    disgust, calm = EMOTION_NAMES.index("disgust"), EMOTION_NAMES.index("calm")
    assert goal.asked[:, disgust].tolist() == [1, 0, 1] and goal.asked[:, calm].tolist() == [
        1,
        0,
        0,
    ]
    assert goal.nuances[0, NUANCE_NAMES.index("grief")] == 1
    assert not goal.nuance_weights[1].any()


def test_a_text_of_another_split_is_no_training_text(tmp_path):
    rows = {
        "text": ["Same words", "same WORDS ", "other"],
        "labels": [["joy"], ["joy"], ["anger"]],
        "split": ["train", "test", "train"],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "goemotions.parquet")
    found = read_texts(tmp_path, ["goemotions"])
    assert found["text"].tolist() == ["same WORDS ", "other"]
    assert found["emotions"].tolist() == [("happy",), ("angry",)]
    with pytest.raises(InputError, match=r"xed\.parquet is no table of labelled texts"):
        read_texts(tmp_path, ["xed"])


def test_every_label_of_a_corpus_names_what_there_is():
    for corpus in CORPORA.values():
        assert set(corpus.emotions.values()) <= set(corpus.asked) <= set(EMOTION_NAMES)
        assert set(corpus.nuances.values()) <= set(NUANCE_NAMES)


@pytest.fixture(scope="module")
def start():
    with np.load(PIECES / ENCODER_FILE) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


@pytest.mark.heavy
def test_numpy_and_keras_say_the_same(start):
    pytest.importorskip("keras", reason="training needs the extra: pip install 'emotify[train]'")
    from reading.training.network import build_network, weights_of

    held = load_pieces()
    network = build_network(held.table, start, len(NUANCE_NAMES), 3, 0.3)
    chance = np.random.default_rng(0)
    for variable in network.weights:  # those that begin as zeros or ones as well
        if len(variable.shape) == 1:
            variable.assign(variable + chance.normal(0, 0.1, variable.shape))
    shown = held.tokenizer(SAID)
    padded = np.full((len(shown), max(map(len, shown))), -1, np.int32)
    for row, pieces in enumerate(shown):
        padded[row, : len(pieces)] = pieces
    said = network([padded, np.zeros(len(shown), np.int32)])
    weights, side = weights_of(network, start)
    served = ReadingNetwork(weights, held.table, side)(shown)
    for ours, theirs in zip(served, said, strict=True):
        assert np.abs(ours - np.asarray(theirs)).max() < 1e-4


@pytest.mark.heavy
def test_a_reader_learns_and_is_written_whole(tmp_path):
    pytest.importorskip("keras", reason="training needs the extra: pip install 'emotify[train]'")
    from reading.training.fit import FitSettings, train_reader

    texts = written_texts()
    english = texts[texts["language"] == "en"].sample(640, random_state=0)
    judged = english.tail(160).assign(split="validation", corpus="goemotions")
    learnt = english.head(480)
    settings = FitSettings(epochs=3, batch_size=32)
    train_reader(pd.concat([learnt, judged], ignore_index=True), tmp_path / "mine", settings)
    reader = load_reader(tmp_path / "mine")
    said = [estimate.label for estimate in reader.predict_many(judged["text"])]
    right = np.mean(
        [label == meant[0] for label, meant in zip(said, judged["emotions"], strict=True)]
    )
    assert right > 0.5  # chance is about 0.2
    assert reader.artefact.languages == ("en",)
    assert reader.artefact.settings["recipe"]["texts"] == {"written": 480}
