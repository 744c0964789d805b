"""Training works end to end on sound, keeps the split, and exports what it trained."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from emotions.calibration_fitting import fit_calibration
from emotions.labels import EMOTION_NAMES, EMOTIONS
from ser.corpora.ravdess import Clip
from ser.evaluation import cross_validation as evaluate
from ser.evaluation.cross_validation import cross_validate
from ser.evaluation.folds import fold_folder
from ser.evaluation.predictions import PREDICTIONS
from ser.features.augment import AugmentSettings
from ser.features.mfcc import new_extractor
from ser.sound.audio import Recording
from ser.sound.windows import trimmed

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip(
    "keras", reason="training needs the extra: pip install 'emotify[train]'"
)

from ser.features import feature_copies  # noqa: E402
from ser.features.feature_copies import make_feature_copies  # noqa: E402
from ser.network import artefact  # noqa: E402
from ser.recognizer import load_recognizer  # noqa: E402
from ser.training import train  # noqa: E402

pytestmark = pytest.mark.heavy  # each needs copies of 192 clips and a network that was trained

# Every kind of copy, and fewer of each than the recipe has.
FEW_COPIES = AugmentSettings(
    speed_factors=(0.92, 1.08), n_noisy=2, n_band_limited=1, n_reverberated=1
)
# A step of the network takes as long as its example has frames: not three seconds of them, which
# would be padding, but a second, which leaves some.
QUICK = train.TrainSettings(epochs=2, members=1, crop_seconds=1.0, augment=FEW_COPIES)


@pytest.fixture(scope="module")
def extractor():
    return new_extractor()


def tone(emotion_index, rng, seconds=0.8, rate=16_000):
    """A harmonic tone whose pitch is the emotion: easy to tell apart, so training must succeed."""
    times = np.arange(round(seconds * rate)) / rate
    pitch = 120 * 1.25**emotion_index * rng.uniform(0.98, 1.02)
    wave = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in range(1, 6))
    return (0.1 * wave * rng.uniform(0.5, 1.0) + 0.001 * rng.standard_normal(len(times))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """24 actors, each with one tone per emotion, as files with RAVDESS names."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(0)
    clips = []
    for actor in range(1, 25):
        for emotion in EMOTIONS:
            path = folder / f"03-01-{emotion.code:02d}-01-01-01-{actor:02d}.wav"
            soundfile.write(path, tone(emotion.code - 1, rng), 16_000)
            clips.append(Clip.from_path(path))
    return tuple(clips)


@pytest.fixture(scope="module")
def copies(corpus, extractor):
    """Copies that nobody can write to: joblib gives them to its processes like that."""
    copies = make_feature_copies(corpus, extractor, QUICK.augment)
    copies.frames.setflags(write=False)
    return copies


@pytest.fixture
def copies_are_there(corpus, copies, monkeypatch):
    """A cross-validation takes the copies that were made: to make them takes most of its time."""

    def made(clips, _extractor, settings):
        assert (clips, settings) == (corpus, FEW_COPIES)
        return copies

    monkeypatch.setattr(feature_copies, "make_feature_copies", made)


@pytest.fixture(scope="module")
def network(corpus, copies, extractor):
    return train.fit_network(copies, corpus[:64], extractor, QUICK, seed=0)


def test_the_export_gives_the_probabilities_of_keras(network, extractor, tmp_path, corpus):
    artefact.save(tmp_path / "model", network, extractor, {"seed": 0}, with_keras=True)
    recognizer = load_recognizer(tmp_path / "model")
    rng = np.random.default_rng(1)
    features = [
        extractor(tone(i, rng, seconds=seconds)) for i, seconds in enumerate((0.3, 1.0, 2.2, 4.0))
    ]
    batch, mask = train.pad(features)
    served = recognizer.artefact.session.run(None, {"features": batch, "mask": mask})[0]
    assert np.abs(train.predict_features(network, features) - served).max() < 1e-4
    reloaded = keras.saving.load_model(tmp_path / "model" / "model.keras")
    assert np.abs(train.predict_features(reloaded, features) - served).max() < 1e-4


def test_an_average_of_networks_is_their_mean_also_when_served(copies, extractor, tmp_path, corpus):
    settings = replace(QUICK, epochs=1, members=2, statistics_strength=0.0)
    both = train.fit_network(copies, corpus[:32], extractor, settings, seed=0)
    features = [copies.matrix(row) for row in range(16)]
    alone = [
        train.predict_features(both.get_layer(f"member_{number}"), features) for number in (0, 1)
    ]
    assert np.abs(alone[0] - alone[1]).max() > 1e-3  # the seeds differ
    mean = train.predict_features(both, features)
    assert np.abs(np.mean(alone, axis=0) - mean).max() < 1e-6
    artefact.save(tmp_path / "model", both, extractor, {"seed": 0}, with_keras=False)
    batch, mask = train.pad(features)
    served = load_recognizer(tmp_path / "model").artefact
    answer = served.session.run(None, {"features": batch, "mask": mask})[0]
    assert np.abs(answer - mean).max() < 1e-4
    trained_on = both.get_layer("member_1").get_layer("standardise").get_weights()
    assert np.array_equal([served.feature_mean, served.feature_scale], trained_on)


def test_a_network_is_the_same_whether_it_is_the_first_of_a_process_or_not(
    copies, corpus, extractor
):
    settings = replace(QUICK, epochs=1, statistics_strength=0.0)
    train._compiled.clear()

    def weights(seed):
        network = train.fit_network(copies, corpus[:64], extractor, settings, seed=seed)
        return network, network.get_weights()

    first, of_first = weights(0)
    _, of_other = weights(1)
    _, of_last = weights(0)
    assert len(train._compiled) == 1
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(of_first, of_other, strict=True))
    # Nor does the next one touch what was trained before.
    for later in (of_last, first.get_weights()):
        assert all(np.array_equal(a, b) for a, b in zip(of_first, later, strict=True))


def test_padding_changes_nothing(network, extractor):
    features = extractor(tone(2, np.random.default_rng(2)))
    alone = train.predict_features(network, [features])
    longer = extractor(tone(3, np.random.default_rng(3), seconds=4.0))
    assert np.abs(train.predict_features(network, [features, longer])[0] - alone[0]).max() < 1e-5


def test_the_shipped_export_equals_the_shipped_keras_model(extractor):
    network = keras.saving.load_model(artefact.DEFAULT_FOLDER / "model.keras")
    session = load_recognizer().artefact.session
    rng = np.random.default_rng(4)
    features = [extractor(tone(i, rng, seconds=1 + i / 4)) for i in range(8)]
    batch, mask = train.pad(features)
    served = session.run(None, {"features": batch, "mask": mask})[0]
    assert np.abs(train.predict_features(network, features) - served).max() < 1e-4


def test_standardisation_is_fitted_on_the_training_clips_alone(network, extractor, corpus):
    waveforms = [trimmed(Recording(clip.path), extractor.settings) for clip in corpus[:64]]
    frames = np.concatenate([extractor(samples) for samples in waveforms])
    for part in ("member_0", "emotify_statistics"):
        mean, scale = network.get_layer(part).get_layer("standardise").get_weights()
        # Copies are kept as float16.
        assert np.allclose(mean, frames.mean(axis=0), atol=0.02, rtol=1e-3)
        assert np.allclose(scale, frames.std(axis=0), atol=0.02, rtol=1e-2)


def test_batches_balance_the_classes_and_are_reproducible(corpus, copies):
    neutral_ones = [clip for clip in corpus if clip.emotion.name == "neutral"][:4]
    others = [clip for clip in corpus if clip.emotion.name == "calm"][:20]
    clips = neutral_ones + others
    rows, targets = copies.rows(clips), train.one_hot(clips)
    settings = replace(QUICK, batch_size=24)

    def batches():
        fill = np.zeros(96, np.float32)
        return train.TrainingBatches(copies, rows, targets, fill, 94, settings, seed=7)

    inputs, _, weights = batches()[0]
    again, _, _ = batches()[0]
    assert np.array_equal(inputs["features"], again["features"])
    neutral = np.isin(batches().order, range(4))
    assert weights[neutral].sum() == pytest.approx(weights[~neutral].sum(), rel=1e-4)


def test_a_clip_has_the_same_copies_in_any_company(corpus, copies, extractor):
    alone = make_feature_copies(corpus[40:41], extractor, FEW_COPIES)
    (row,) = copies.rows(corpus[40:41])
    assert alone.n_copies == copies.n_copies == 7
    for copy in range(alone.n_copies):
        assert np.array_equal(alone.matrix(0, copy), copies.matrix(row, copy))


def test_cross_validation_hears_no_test_actor_and_resumes(
    corpus, copies_are_there, tmp_path, monkeypatch
):
    heard = []
    fit = train.fit_network

    def watched(copies, clips, *args, **kwargs):
        heard.append({clip.actor for clip in clips})
        return fit(copies, clips, *args, **kwargs)

    monkeypatch.setattr(train, "fit_network", watched)
    settings = replace(QUICK, epochs=1)
    asked = {"settings": settings, "only_folds": [3], "n_jobs": 1}
    table = cross_validate(corpus, tmp_path, **asked)
    test, validation = {8, 17, 21, 23, 24}, {1, 14}
    everybody = set(range(1, 25))
    # First the choice of the calibration, then the judgement.
    assert heard == [everybody - test - validation, everybody - test]
    assert set(table["actor"]) == test
    assert set(PREDICTIONS.read(tmp_path / "validation.csv")["actor"]) == validation
    assert np.allclose(table[list(EMOTION_NAMES)].sum(axis=1), 1, atol=1e-4)
    again = cross_validate(corpus, tmp_path, **asked)
    assert len(heard) == 2  # not trained again
    assert table.equals(again)
    stored = json.loads((fold_folder(tmp_path, 3) / "settings.json").read_text())
    assert stored["recipe"]["protocol"] == "luna-jimenez"
    chosen = fit_calibration(PREDICTIONS.read(tmp_path / "validation.csv"), "actor")
    assert stored["calibration"] == chosen.to_dict()
    # Another calibration: the network stays, what it says is read in another way.
    milder = replace(chosen, temperature=3 * chosen.temperature)
    with monkeypatch.context() as other:
        other.setattr(evaluate, "fit_calibration", lambda _table, _person: milder)
        milder_table = cross_validate(corpus, tmp_path, **asked)
    assert len(heard) == 2
    names = list(EMOTION_NAMES)
    assert (milder_table[names].max(axis=1) <= table[names].max(axis=1) + 1e-6).all()
    cross_validate(corpus, tmp_path, **asked)
    assert len(heard) == 2
    (fold_folder(tmp_path, 3) / "predictions.csv").unlink()  # as if it had been interrupted there
    both = cross_validate(corpus, tmp_path, **asked, seeds=(0, 1))
    assert len(heard) == 4  # the one that was interrupted, and the other seed
    assert set(both["seed"]) == {0, 1}
    first = both[both["seed"] == 0].reset_index(drop=True)
    assert np.abs(first[list(EMOTION_NAMES)] - table[list(EMOTION_NAMES)]).max(axis=None) < 1e-4


def test_a_network_learns_what_can_be_heard(corpus, copies_are_there, tmp_path):
    settings = replace(QUICK, epochs=4)
    table = cross_validate(corpus, tmp_path, settings=settings, only_folds=[4], n_jobs=2)
    assert share_right(table[list(EMOTION_NAMES)], table["emotion"]) > 0.5  # chance is 0.125


def test_a_network_whose_steps_are_worth_compiling_learns_it_too(
    corpus, copies, extractor, monkeypatch
):
    compiled = []
    compile_network = keras.Model.compile

    def watched(*args, **kwargs):
        compiled.append(kwargs["jit_compile"])
        compile_network(*args, **kwargs)

    monkeypatch.setattr(keras.Model, "compile", watched)
    monkeypatch.setattr(train, "STEPS_WORTH_XLA", 1)
    monkeypatch.setattr(train, "_compiled", {})  # others of this recipe were not worth it
    settings = replace(QUICK, epochs=4)
    learnt, judged = corpus[:152], corpus[152:]
    network = train.fit_network(copies, learnt, extractor, settings, seed=0)
    assert compiled == [True]
    said = train.predict_features(network, [copies.matrix(row) for row in copies.rows(judged)])
    assert share_right(said, [clip.emotion.name for clip in judged]) > 0.5


def share_right(probabilities, emotions):
    """Return the share of clips whose most probable emotion is the one meant."""
    named = [EMOTION_NAMES[index] for index in np.asarray(probabilities).argmax(axis=1)]
    return np.mean([name == meant for name, meant in zip(named, emotions, strict=True)])
