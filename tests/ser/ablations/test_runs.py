"""Ablations keep speakers apart in every row, resume, and change what they say and nothing else."""

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from foundation.errors import InputError
from ser.ablations import runs as ablation
from ser.ablations.rows import BASE, ROWS, rows_named
from ser.corpora import crema_d
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.folds import make_folds
from ser.evaluation.predictions import PREDICTIONS
from ser.features.augment import AugmentSettings, copy_kinds
from ser.features.mfcc import new_extractor
from ser.settings import FeatureSettings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip(
    "keras", reason="training needs the extra: pip install 'emotify[train]'"
)

from ser.ablations import training as ablation_training  # noqa: E402
from ser.ablations.features import view  # noqa: E402
from ser.features.feature_copies import make_feature_copies  # noqa: E402
from ser.network.model import average_of, build_model  # noqa: E402
from ser.network.statistics_model import GeometricMean  # noqa: E402
from ser.training import train  # noqa: E402

SPEECH = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("speech"))
SONG = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("song"))


def crema_clip(path, emotion, heard=None):
    chosen = tuple(emotion_named(name) for name in heard or [emotion])
    return crema_d.Clip(Path(path), "1001", emotion_named(emotion), chosen)


SIX = ("neutral", "happy", "sad", "angry", "fearful", "disgust")
CREMA = tuple(crema_clip(f"1001_{name}.wav", name) for name in SIX)


@pytest.fixture(scope="module")
def folds():
    return make_folds(SPEECH, "luna-jimenez")


def test_no_row_hears_a_test_actor_speak_or_sing(folds, tmp_path):
    planned = ablation.plan(ROWS, folds, tmp_path, extra={"song": SONG, "crema-d": CREMA})
    assert {job.row.name for job in planned} == {row.name for row in ROWS if not row.combined}
    for job in planned:
        tested = {clip.actor for clip in job.judged}
        others = (*job.train, *job.validation, *job.extra)
        heard = {clip.actor for clip in others if isinstance(clip, Clip)}
        assert not heard & tested, job.row.name
        picking = {clip.actor for clip in job.validation}
        assert not picking & {clip.actor for clip in job.train}
        # Nobody is left out either: all other actors speak, and sing where song is asked for.
        assert heard | tested == set(range(1, 25))
        singers = {clip.actor for clip in job.extra if isinstance(clip, Clip)}
        assert singers == (heard - {18} if job.row.corpus == "song" else set())
    for name in {job.row.name for job in planned}:
        for seed in range(3):
            judged = [c for j in planned if (j.row.name, j.seed) == (name, seed) for c in j.judged]
            assert sorted(c.clip_id for c in judged) == sorted(c.clip_id for c in SPEECH)


def test_an_ensemble_holds_the_base_of_its_seed_and_shares_nobody(folds, tmp_path):
    (shipped,) = rows_named(["shipped"])
    parts = [ablation.parts_of(shipped, seed, 3) for seed in range(3)]
    networks = [part for one in parts for part in one if part[0] == BASE]
    assert len(set(networks)) == 9
    assert [one[0] for one in parts] == [(BASE, 0), (BASE, 1), (BASE, 2)]
    assert [one[-1] for one in parts] == [("statistics", 0), ("statistics", 1), ("statistics", 2)]
    assert len(ablation.plan([shipped], folds, tmp_path)) == (9 + 3) * 5
    (views,) = rows_named(["two-views"])
    assert ablation.parts_of(views, 2, 3) == [(BASE, 2), ("log-mel", 2)]


def test_every_change_is_one(folds):
    (base,) = rows_named([BASE])
    recipes = {row.name: ablation.recipe_of(row, 30) for row in ROWS}
    assert recipes[BASE]["training"] == {
        **train.TrainSettings(members=1, statistics_strength=0.0, epochs=30).to_dict(),
        "augment": json.loads(json.dumps(AugmentSettings().__dict__)),
    }
    texts = [json.dumps(recipe, sort_keys=True) for recipe in recipes.values()]
    assert len(set(texts)) == len(ROWS)
    assert len({row.name for row in ROWS}) == len({row.title for row in ROWS}) == len(ROWS)
    assert base.combined is False


def test_only_copies_that_somebody_hears_are_made():
    assert ablation.copies_for({"speed", "noise", "band", "room"}) == AugmentSettings()
    assert copy_kinds(ablation.copies_for({"speed"})) == ("itself", *("speed",) * 4)
    assert set(copy_kinds(ablation.copies_for({"room"}))) == {"itself", "room"}
    assert copy_kinds(ablation.copies_for(set())) == ("itself",)


def test_what_is_missing_is_said(folds, tmp_path):
    with pytest.raises(InputError, match="give --song DIR"):
        ablation.plan(rows_named(["song"]), folds, tmp_path)
    with pytest.raises(InputError, match="no ablation nonsense"):
        rows_named(["nonsense"])


def test_predictions_combine_as_the_model_does():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(8), (3, 5)).astype(np.float32)
    ids = {"clip_id": list("abcde")}
    tables = [
        ablation.pd.DataFrame({**ids, **dict(zip(EMOTION_NAMES, one.T, strict=True))})
        for one in shares
    ]
    mean = ablation.combine(tables[:2], 2)
    assert np.allclose(mean, shares[:2].mean(axis=0))
    expected = GeometricMean()([shares[:2].mean(axis=0), shares[2]])
    assert np.allclose(ablation.combine(tables, 2), expected, atol=1e-5)
    with pytest.raises(ValueError, match="other clips"):
        ablation.combine([tables[0], tables[1][::-1]], 2)


# ------------------------------------------------------------------------ training, on tones


def tone(emotion_index, rng, seconds=0.8, rate=16_000):
    times = np.arange(round(seconds * rate)) / rate
    pitch = 120 * 1.25**emotion_index * rng.uniform(0.98, 1.02)
    wave = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in range(1, 6))
    return (0.1 * wave + 0.001 * rng.standard_normal(len(times))).astype(np.float32)


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """24 actors who speak a tone per emotion, and a speaker of another corpus with six."""
    folder, rng = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    speech = []
    for actor in range(1, 25):
        for emotion in EMOTIONS:
            path = folder / f"03-01-{emotion.code:02d}-01-01-01-{actor:02d}.wav"
            soundfile.write(path, tone(emotion.code - 1, rng), 16_000)
            speech.append(Clip.from_path(path))
    others = []
    for name in SIX * 8:
        path = folder / f"1001_{len(others)}.wav"
        soundfile.write(path, tone(emotion_named(name).code - 1, rng), 16_000)
        others.append(crema_clip(path, name, ("neutral", "sad")))
    return tuple(speech), tuple(others)


@cache
def made(clips, stored, kinds):
    return make_feature_copies(clips, new_extractor(stored), ablation.copies_for(set(kinds)))


def prepared(row, tones, epochs, copies=(), n_train=64):
    """Return job, view and settings of one fold, with few clips and copies of some kinds."""
    speech, others = tones
    folds = [f for f in make_folds(speech, "luna-jimenez") if f.number == 4]
    extra = {"crema-d": others}
    (job, *_) = ablation.plan([row], folds, Path("unused"), n_seeds=1, extra=extra, epochs=epochs)
    job = replace(job, train=job.train[:n_train], judged=job.judged[:16])
    stored = replace(FeatureSettings(), **row.features)
    clips = (*job.train, *job.validation, *job.judged, *job.extra)
    seen = view(made(clips, stored, copies), stored, replace(row.view, copies=copies))
    # Three seconds of frames would be padding, which costs as much as sound.
    return job, seen, replace(ablation.settings_of(row, epochs), crop_seconds=1.0)


@pytest.mark.heavy
def test_the_base_is_the_recipe_of_the_model_that_ships(tones, monkeypatch):
    fitted = []

    def watched(network, batches, settings, title, loss=None):
        first = batches[0]
        batches.on_epoch_end()
        fitted.append((*first, *batches[1], settings, loss))

    monkeypatch.setattr(train, "fit_member", watched)
    monkeypatch.setattr(ablation_training, "fit_member", watched)
    (base,) = rows_named([BASE])
    job, seen, settings = prepared(base, tones, epochs=2)
    extractor = new_extractor()
    copies = make_feature_copies([*job.train, *job.judged], extractor, ablation.copies_for(set()))
    judged = [copies.matrix(row) for row in copies.rows(job.judged)]
    network = train.fit_network(copies, job.train, extractor, settings, seed=0, progress=False)
    # The same initial weights, the same batches, and the same way from there.
    expected = train.predict_features(network, judged)
    assert np.abs(ablation_training.predict(job, seen, settings) - expected).max() < 2e-3
    ours, shipped = fitted
    for mine, theirs in zip(ours[:6], shipped[:6], strict=True):
        if isinstance(mine, dict):
            assert np.allclose(mine["features"], theirs["features"], atol=0.2)
            assert np.array_equal(mine["mask"], theirs["mask"])
        else:
            assert np.allclose(mine, theirs, atol=0.2)
    assert ours[6:] == shipped[6:] == (settings, None)


@pytest.mark.heavy
def test_a_network_with_masked_classes_learns(tones):
    (row,) = rows_named(["crema-d-votes"])
    job, seen, settings = prepared(row, tones, epochs=10)
    probabilities = ablation_training.predict(job, seen, settings)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    meant = [clip.emotion.code - 1 for clip in job.judged]
    assert np.mean(probabilities.argmax(axis=1) == meant) > 0.3  # chance is 0.125


def test_traits_are_learned_beside_the_emotion(tones):
    (row,) = rows_named(["traits"])
    job, *_ = prepared(row, tones, epochs=1)
    women = [clip.actor % 2 == 0 for clip in job.train]
    traits = ablation_training.traits_of(job)
    assert traits[:, 0].tolist() == women and not traits[:, 1:].any()  # normal, first statement
    network = build_model(5, np.zeros(5), np.ones(5))
    both = ablation_training.with_traits(network)
    inputs = {"features": np.ones((2, 6, 5), np.float32), "mask": np.ones((2, 6), np.float32)}
    answer = both.predict_on_batch(inputs)
    assert answer.shape == (2, 11)
    assert np.allclose(answer[:, :8], network.predict_on_batch(inputs), atol=1e-6)
    loss = ablation_training.TraitsLoss(0.1)
    meant = np.concatenate([np.eye(8, dtype=np.float32)[[2]], [[1, 0, 1]]], axis=1)
    said = np.full((1, 11), [0.125] * 8 + [0.8, 0.3, 0.5], np.float32)
    traits_loss = -np.log([0.8, 0.7, 0.5]).mean()
    assert float(loss(meant, said)) == pytest.approx(np.log(8) + 0.3 * traits_loss, rel=1e-4)


def test_other_traits_are_the_statement_alone_or_the_place_of_the_emotion(tones):
    (row,) = rows_named(["statement-adversarial"])
    job, *_ = prepared(row, tones, epochs=1)
    assert ablation_training.traits_of(job).tolist() == [[0]] * 64  # the first statement
    (row,) = rows_named(["valence-arousal"])
    places = ablation_training.traits_of(replace(job, row=row))
    expected = [(clip.emotion.valence, clip.emotion.arousal) for clip in job.train]
    assert np.allclose(2 * places - 1, expected, atol=1e-6)
    assert places.min() >= 0 and places.max() <= 1


def test_a_reversed_gradient_unlearns_what_it_tells():
    tensorflow = pytest.importorskip("tensorflow")
    network = build_model(5, np.zeros(5), np.ones(5))
    rng = np.random.default_rng(0)
    features = rng.standard_normal((4, 6, 5)).astype(np.float32)
    inputs = {"features": features, "mask": np.ones((4, 6), np.float32)}
    kernel = network.get_layer("dense").kernel
    learn = ablation_training.with_traits(network, 1)
    unlearn = ablation_training.with_traits(network, 1, reversed_gradient=True)
    unlearn.get_layer("traits").set_weights(learn.get_layer("traits").get_weights())
    gradients = []
    for sister in (learn, unlearn):
        with tensorflow.GradientTape(persistent=True) as tape:
            told = sister(inputs, training=False)[:, 8:]
        own = tape.gradient(told, sister.get_layer("traits").kernel)
        gradients.append((told, own, tape.gradient(told, kernel.value)))
    (told, own, below), (told_too, own_too, below_too) = gradients
    assert np.allclose(told, told_too) and np.allclose(own, own_too)  # it tells it as well
    assert np.abs(below).max() > 1e-4 and np.allclose(below, -np.asarray(below_too))


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["statement-adversarial", "valence-arousal", "distilled"])
def test_a_network_that_learns_in_another_way_still_learns_the_emotion(name, tones, monkeypatch):
    fitted = []
    fit = ablation_training.fit_member

    def watched(network, batches, *args):
        fitted.append(batches)
        fit(network, batches, *args)

    monkeypatch.setattr(ablation_training, "fit_member", watched)
    (row,) = rows_named([name])
    job, seen, settings = prepared(row, tones, epochs=10)
    probabilities = ablation_training.predict(job, seen, settings)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    meant = [clip.emotion.code - 1 for clip in job.judged]
    assert np.mean(probabilities.argmax(axis=1) == meant) > 0.3  # chance is 0.125
    (batches,) = fitted
    own = train.one_hot(job.train)
    assert np.allclose(batches.targets.sum(axis=1), 1, atol=1e-4)
    if name == "distilled":
        told = 2 * batches.targets - own
        assert told.min() >= -1e-6 and 0.001 < np.abs(told - own).max() <= 1
    else:
        assert np.array_equal(batches.targets, own)


@pytest.mark.heavy
def test_copies_at_other_speeds_are_judged_with_the_clip(tones, monkeypatch):
    (row,) = rows_named(["test-time-speeds"])
    job, seen, settings = prepared(row, tones, epochs=1, copies=("speed",), n_train=16)
    assert seen.n_copies == 5

    def untrained(job, seen, settings, rows, targets, mean, scale):
        return build_model(len(mean), mean, scale)

    monkeypatch.setattr(ablation_training, "_fitted", untrained)
    answer = ablation_training.predict(job, seen, settings)
    keras.backend.clear_session()
    keras.utils.set_random_seed(job.seed)
    network = build_model(
        seen.matrix(0).shape[1], *train.standardisation(seen, seen.rows(job.train))
    )
    copies = [
        train.predict_features(network, [seen.matrix(row, copy) for row in seen.rows(job.judged)])
        for copy in range(5)
    ]
    assert np.allclose(answer, np.mean(copies, axis=0), atol=1e-5)
    assert np.abs(answer - copies[0]).max() > 1e-4


def test_a_class_that_a_corpus_lacks_is_not_pushed_down():
    loss = train.MaskedCrossEntropy(0.1)
    target = np.eye(8, dtype=np.float32)[[2]]
    allowed = np.array([[1, 0, 1, 1, 1, 1, 1, 0]], np.float32)
    low = np.array([[0.1, 0.01, 0.3, 0.1, 0.1, 0.1, 0.1, 0.19]], np.float32)
    high = low.copy()
    high[0, [1, 7]] = high[0, [7, 1]]
    asked = np.concatenate([target, allowed], axis=1)
    assert float(loss(asked, low)) == pytest.approx(float(loss(asked, high)))
    everything = np.concatenate([target, np.ones_like(target)], axis=1)
    usual = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    assert float(loss(everything, low)) == pytest.approx(float(usual(target, low)), rel=1e-4)
    within = low[:, allowed[0] > 0] / low[:, allowed[0] > 0].sum()
    smooth = 0.1 / 6 + 0.9 * target[:, allowed[0] > 0]
    assert float(loss(asked, low)) == pytest.approx(-(smooth * np.log(within)).sum(), rel=1e-4)


def test_other_corpora_are_labelled_masked_normalised_and_drawn(tones):
    (row,) = rows_named(["crema-d-votes"])
    job, seen, settings = prepared(row, tones, epochs=1)
    targets, allowed = ablation_training.extra_labels(job)
    assert allowed[0].tolist() == [1, 0, 1, 1, 1, 1, 1, 0]
    assert np.allclose(targets.sum(axis=1), 1)
    assert targets[1].tolist() == [0.25, 0, 0.5, 0.25, 0, 0, 0, 0]  # happy, heard neutral or sad
    rows, extra = seen.rows(job.train), seen.rows(job.extra)
    mean, scale = train.standardisation(seen, rows)
    moved = ablation_training._normalised(seen, extra, mean, scale)
    now_mean, now_scale = train.standardisation(moved, extra)
    assert np.allclose(now_mean, mean, atol=0.05)
    assert np.median(now_scale / scale) == pytest.approx(1, abs=0.01)
    assert np.array_equal(moved.matrix(rows[0]), seen.matrix(rows[0]))
    few = 10
    everything = np.concatenate([train.one_hot(job.train)[:few], targets])
    together = np.concatenate([rows[:few], extra])
    batches = ablation_training.MixedBatches(
        few, seen, together, everything, mean, 94, replace(settings, batch_size=4), 0
    )
    first = sorted(batches.order)
    assert len(first) == 2 * few and first[:few] == list(range(few)) and len(batches) == 5
    batches.on_epoch_end()
    assert sorted(batches.order)[few:] != first[few:]


def test_without_attention_every_frame_counts_alike():
    rng = np.random.default_rng(0)
    network = build_model(5, np.zeros(5), np.ones(5))
    ablation_training.attend_evenly(network)
    pooling = network.get_layer("attention")
    x = rng.standard_normal((1, 6, 64)).astype(np.float32)
    mask = np.array([[1, 1, 1, 1, 0, 0]], np.float32)
    pooled = np.asarray(pooling([x, mask]))[0]
    assert np.allclose(pooled[:64], x[0, :4].mean(axis=0), atol=1e-5)
    assert np.allclose(pooled[64:], x[0, :4].std(axis=0), atol=1e-4)
    assert not pooling.trainable_weights
    assert average_of([network]).count_params() == network.count_params()


@pytest.mark.heavy
def test_jobs_resume_and_rows_combine(tones, tmp_path, monkeypatch):
    speech, _ = tones
    judged = []

    def guess(job, seen, settings):
        judged.append((job.row.name, job.fold, job.seed))
        if len(judged) == 7:
            raise KeyboardInterrupt
        right = np.eye(8)[[clip.emotion.code - 1 for clip in job.judged]]
        return right if job.row.name == BASE else np.roll(right, 1, axis=1)

    few = AugmentSettings(speed_factors=(1.08,), n_noisy=1, n_band_limited=1, n_reverberated=1)
    copies_for = ablation.copies_for
    monkeypatch.setattr(ablation, "copies_for", lambda kinds: few if kinds else copies_for(kinds))
    monkeypatch.setattr(ablation_training, "predict", guess)
    asked = {"chosen": ["network-statistics", "svm-rbf"], "n_seeds": 1, "n_jobs": 1}
    with pytest.raises(KeyboardInterrupt):
        ablation.run_ablations(speech, tmp_path, **asked)
    done = judged[:6]
    table = ablation.run_ablations(speech, tmp_path, **asked)
    assert not set(done) & set(judged[7:])  # what was done is not done again
    assert len(set(judged)) == 15  # base, statistics and SVM in five folds
    assert set(table["row"]) == {BASE, "statistics", "network-statistics", "svm-rbf"}
    assert len(table) == 20
    means = table.groupby("row")["uar"].mean()
    assert means[BASE] == 1 and means["statistics"] == means["svm-rbf"] == 0
    stored = PREDICTIONS.read(tmp_path / BASE / "seed-0-fold-3.csv")
    assert set(stored["actor"]) == {8, 17, 21, 23, 24}
    # Another number of epochs is another recipe.
    assert ablation.collect(tmp_path, range(5), 1, epochs=2).empty
