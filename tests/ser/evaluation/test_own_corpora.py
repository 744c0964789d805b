"""The recipe on anybody's corpora: judged by speaker, trained, calibrated, and its card says so."""

import csv
import json
import os
import shutil
from dataclasses import replace
from datetime import date

import joblib
import numpy as np
import pytest
import soundfile

from emotions.calibration import stored_calibration
from emotions.calibration_fitting import fit_calibration, mean_calibration
from emotions.labels import EMOTION_NAMES, emotion_named
from ser.corpora.own import read_corpora
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.cross_validation import shuffled
from ser.evaluation.folds import fold_folder, speaker_folds
from ser.evaluation.predictions import OWN_PREDICTIONS, own_metrics_of
from ser.features.augment import AugmentSettings
from ser.features.feature_copies import make_feature_copies
from ser.features.mfcc import new_extractor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras", reason="training needs the extra: pip install 'emotify[train]'")

from app.command import evaluate as evaluate_command
from app.command import research
from ser.evaluation import own_corpora
from ser.network.model import ModelSettings
from ser.recognizer import load_recognizer
from ser.training import train
from ser.training.final import train_on_all
from ser.training.recipes import description_of, recipe_in

pytestmark = pytest.mark.heavy  # nearly all look at networks that were trained for them

RATE = 16_000
SETTINGS = train.TrainSettings(
    epochs=2,
    members=1,
    crop_seconds=0.5,
    model=ModelSettings(conv_filters=8, lstm_units=4, attention_units=4, dense_units=8),
    augment=AugmentSettings(speed_factors=(1.08,), n_noisy=0, n_band_limited=0, n_reverberated=0),
)
CORPORA = {"one": ("angry", "happy", "sad"), "two": ("happy", "calm")}
HEARD = ("calm", "happy", "sad", "angry")
UNHEARD = ("neutral", "fearful", "disgust", "surprised")


def tone(emotion, rng, seconds=0.5):
    """A harmonic tone whose pitch is the emotion: easy to tell apart."""
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 * 1.25 ** EMOTION_NAMES.index(emotion) * rng.uniform(0.98, 1.02)
    wave = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in range(1, 6))
    return 0.1 * wave + 0.001 * rng.standard_normal(len(times))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two folders with tables: four speakers each, who have other emotions in common but happy."""
    top, rng, made = tmp_path_factory.mktemp("corpora"), np.random.default_rng(0), []
    for corpus, emotions in CORPORA.items():
        (top / corpus).mkdir()
        rows = [("file", "emotion", "speaker")]
        for speaker in "abcd":
            for emotion in emotions:
                for take in "12":
                    name = f"{speaker}-{emotion}-{take}.wav"
                    soundfile.write(top / corpus / name, tone(emotion, rng), RATE)
                    rows.append((name, emotion, speaker))
        rows.append(("missing.wav", "sad", "a"))
        with (top / corpus / "labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        made.append((top / corpus, top / corpus / "labels.csv"))
    return made


@pytest.fixture(scope="module")
def clips(sources):
    return read_corpora(sources).clips


@pytest.fixture(scope="module")
def folder(clips, tmp_path_factory):
    """A model folder that was judged and trained."""
    out = tmp_path_factory.mktemp("model") / "mine"
    # Processes take longer to start than this work. Nor are the networks fitted, which takes most
    # of the time: the classifier of statistics learns enough.
    with joblib.parallel_config("threading"), pytest.MonkeyPatch.context() as quick:
        quick.setattr(train, "fit_member", lambda *_args: None)
        own_corpora.judge(clips, out, settings=SETTINGS, n_jobs=1)
        train_on_all(clips, out, description_of(clips), settings=SETTINGS)
    own_corpora.write_card(out, {"one": 1, "two": 1}, today=date(2026, 1, 2))
    return out


def test_every_clip_is_judged_by_a_model_that_never_heard_its_speaker(folder, clips):
    table = OWN_PREDICTIONS.read(folder / "out_of_fold.csv")
    assert sorted(table["clip_id"]) == sorted(clip.clip_id for clip in clips)
    folds = {fold.number: fold for fold in speaker_folds(clips)}
    validation = OWN_PREDICTIONS.read(folder / "validation.csv")
    for number, fold in folds.items():
        rows = table[table["fold"] == number]
        assert set(rows["clip_id"]) == {clip.clip_id for clip in fold.test}
        assert not set(rows["speaker"]) & {c.speaker for c in fold.train + fold.validation}
        # Its calibration comes from its validation speakers, and from nobody else.
        chosen = validation[validation["fold"] == number]
        assert set(chosen["clip_id"]) == {clip.clip_id for clip in fold.validation}
        stored = stored_calibration(fold_folder(folder, number))
        assert stored == fit_calibration(chosen, "speaker")
    stored = json.loads((folder / "metrics.json").read_text("utf-8"))["by-speaker"]
    figures = own_metrics_of(table)
    assert stored["uar"] == pytest.approx(figures["uar"])
    assert set(figures["uar_per_group"]) == {"one", "two"}


def test_the_model_has_the_mean_calibration_of_its_folds(folder):
    calibrations = [stored_calibration(fold_folder(folder, number)) for number in range(4)]
    assert stored_calibration(folder) == mean_calibration(calibrations)


def test_emotions_that_it_never_heard_are_never_answered_and_it_says_so(folder, clips):
    recognizer = load_recognizer(folder)
    assert recognizer.artefact.emotions == HEARD
    estimate = recognizer.predict(clips[0].path)
    by_name = dict(zip(EMOTION_NAMES, estimate.probabilities, strict=True))
    assert [by_name[name] for name in UNHEARD] == [0.0] * 4
    assert min(by_name[name] for name in HEARD) > 0
    [note] = estimate.notes
    assert note == (
        "this model never answers neutral, fearful, disgust, surprised: it was trained without"
    )
    # However much a temperature flattens what it says.
    recognizer.calibration = replace(recognizer.calibration, temperature=20.0)
    flat = recognizer.predict(clips[0].path)
    assert max(flat.probabilities[EMOTION_NAMES.index(name)] for name in UNHEARD) == 0.0
    table = OWN_PREDICTIONS.read(folder / "out_of_fold.csv")
    assert (table[list(UNHEARD)] == 0).all(axis=None)


def test_the_card_says_what_was_measured(folder):
    card = (folder / "README.md").read_text("utf-8")
    figures = own_metrics_of(OWN_PREDICTIONS.read(folder / "out_of_fold.csv"))
    low, high = (f"{100 * end:.1f}" for end in figures["uar_interval_95"])
    for words in (
        "Written by Emotify on 2026-01-02",
        "trained from scratch on 40 clips (2 epochs, seed 0)",
        "It tells calm, happy, sad, angry apart",
        "**It never answers neutral, fearful, disgust, surprised**",
        "| one | 24 | 4 | - | 8 | 8 | 8 | 1 |",
        "| two | 16 | 4 | 8 | 8 | - | - | 1 |",
        "4 folds by speaker: of 8 speakers",
        f"| 4 folds by speaker | {100 * figures['uar']:.1f} (one seed; 95 % interval over speakers "
        f"{low}-{high})",
        "Chance is 25.0",
        f"temperature {stored_calibration(folder).temperature:.2f}",
        "| meant | calm | happy | sad | angry |",
        "Under which licence",
        "| `out_of_fold.csv` |",
    ):
        assert words in card
    assert "RAVDESS" not in card


def test_figures_of_other_recordings_are_not_given_for_the_model(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    settings = json.loads((other / "settings.json").read_text("utf-8"))
    settings["recipe"]["data"] = "0" * 16
    (other / "settings.json").write_text(json.dumps(settings))
    card = own_corpora.card(other, {}, date(2026, 1, 2))
    assert "**Not judged.**" in card and "95 % interval" not in card


def test_what_is_finished_is_not_trained_again_until_a_label_changes(folder, clips, monkeypatch):
    def fit(*_args, **_kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(train, "fit_network", fit)
    before = (folder / "out_of_fold.csv").read_bytes()
    with joblib.parallel_config("threading"):
        own_corpora.judge(clips, folder, settings=SETTINGS, n_jobs=1)
    assert (folder / "out_of_fold.csv").read_bytes() == before
    relabelled = (replace(clips[0], emotion=emotion_named("sad")), *clips[1:])
    assert description_of(relabelled)["data"] != recipe_in(folder)["data"]


def test_the_command_resumes_prints_and_leaves_out_what_cannot_be_used(
    emotify, folder, sources, monkeypatch
):
    monkeypatch.setattr(evaluate_command, "recipe", lambda **_changes: SETTINGS)
    given = [word for pair in sources for word in ("--corpus", pair[0], "--labels", pair[1])]
    monkeypatch.setenv("EMOTIFY_RAVDESS", "/nowhere")  # says where it is, and adds it to nothing
    with joblib.parallel_config("threading"):
        code, out, err = emotify("evaluate", *given, "--train", "--out", folder)
    assert code == 0 and "95 % interval over speakers" in out and "per speaker" in out
    assert "fearful" not in out  # neither meant nor answered
    assert "one: 1 of 25 rows left out" in err and "40 clips of 8 speakers" in err
    assert "| 1 |" in (folder / "README.md").read_text("utf-8")
    file = sources[0][0] / "a-sad-1.wav"
    code, out, err = emotify("recognize", "--model", folder, "--json", file)
    assert code == 0 and "never answers neutral" in err
    assert json.loads(out)["notes"] and json.loads(out)["probabilities"]["fearful"] == 0
    code, out, err = emotify("playlist", "--model", folder, "--anyway", file)
    assert code == 0 and "never answers neutral" in err and "1." in out
    judged = ["evaluate", "--corpus", sources[0][0], "--labels", sources[0][1]]
    code, _, err = emotify(*judged, "--model", folder)
    assert code == 0 and "trained on a corpus called one" in err


def test_a_model_that_was_not_judged_says_so(emotify, sources, monkeypatch, tmp_path):
    fitted = []

    def fit(clips, out, described, **how):
        fitted.append((len(clips), out, described["emotions"], how["seed"]))

    monkeypatch.setattr("ser.training.final.train_on_all", fit)
    monkeypatch.setattr(research, "recipe", lambda **_changes: SETTINGS)
    out = tmp_path / "model"
    given = [word for pair in sources for word in ("--corpus", pair[0], "--labels", pair[1])]
    code, said, err = emotify("train", *given, "--out", out, "--seed", 3)
    assert code == 0 and f"trained on 40 clips; wrote {out}" in said
    assert "was not measured" in err and "`emotify evaluate --train`" in err
    assert fitted == [(40, out, list(HEARD), 3)]


def test_shuffled_labels_leave_names_and_sound_as_they_are():
    speech = [Clip.from_path(f"{name}.wav") for name in expected_clip_ids()]
    mixed = shuffled(speech, seed=0)
    assert [clip.clip_id for clip in mixed] == [clip.clip_id for clip in speech]
    assert [clip.path for clip in mixed] == [clip.path for clip in speech]
    same = np.mean([a.emotion == b.emotion for a, b in zip(mixed, speech, strict=True)])
    assert same == pytest.approx(0.13, abs=0.03)
    assert sorted(c.emotion.name for c in mixed) == sorted(c.emotion.name for c in speech)


def test_networks_learn_from_corpora_that_lack_each_others_emotions(clips):
    extractor = new_extractor()
    with joblib.parallel_config("threading"):
        copies = make_feature_copies(clips, extractor, SETTINGS.augment)
    settings = replace(SETTINGS, epochs=150, statistics_strength=0.0, model=ModelSettings())
    network = train.fit_network(copies, clips, extractor, settings, seed=0, progress=False)
    said = train.predict_features(network, [copies.matrix(row) for row in copies.rows(clips)])
    unheard = [EMOTION_NAMES.index(name) for name in UNHEARD]
    assert said[:, unheard].max() < 1e-6
    heard = [EMOTION_NAMES[index] for index in said.argmax(axis=1)]
    right = np.mean([name == c.emotion.name for name, c in zip(heard, clips, strict=True)])
    assert right > 0.6  # chance is 0.25
