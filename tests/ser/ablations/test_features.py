"""Views of stored features are what the extractor would have made, and what they claim to be."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

librosa = pytest.importorskip(
    "librosa", reason="training needs the extra: pip install 'emotify[train]'"
)

from foundation.shipped import shipped  # noqa: E402
from ser.ablations.features import (  # noqa: E402
    VTLP_FACTORS,
    ViewSettings,
    contrast_and_flux,
    energy_contour,
    view,
    warp_bands,
)
from ser.features.augment import AugmentSettings, copy_kinds, waveform_variants  # noqa: E402
from ser.features.feature_copies import FeatureCopies  # noqa: E402
from ser.features.mfcc import FeatureExtractor, delta, make_filter_banks  # noqa: E402
from ser.settings import FeatureSettings  # noqa: E402

STORED = FeatureSettings(n_mfcc=64)
AUGMENT = AugmentSettings()
SAMPLES = soundfile.read(shipped("data", "samples", "reading_short.wav"), dtype="float32")[0]


def extract(settings, samples=SAMPLES):
    return FeatureExtractor(settings, make_filter_banks(settings))(samples)


@pytest.fixture(scope="module")
def copies():
    """One clip with all its copies, kept in full precision."""
    variants = waveform_variants(SAMPLES, AUGMENT, np.random.default_rng(0))
    matrices = [extract(STORED, samples) for samples in variants]
    ends = np.cumsum([len(matrix) for matrix in matrices])
    places = np.stack([ends - [len(matrix) for matrix in matrices], ends], axis=1)[None]
    return FeatureCopies(("clip",), np.concatenate(matrices), places, copy_kinds(AUGMENT))


def seen(stored, **changes):
    return view(stored, STORED, ViewSettings(**changes))


def log_mel():
    power = np.abs(
        librosa.stft(
            SAMPLES * 0.1 / np.sqrt(np.mean(SAMPLES**2)),
            n_fft=STORED.n_fft,
            hop_length=STORED.hop_length,
            pad_mode="constant",
        )
    )
    mel = librosa.feature.melspectrogram(S=power**2, sr=16_000, n_mels=64)
    return librosa.power_to_db(mel, top_db=STORED.dynamic_range_db).T


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, {}),
        ({"n_mfcc": 13}, {"n_mfcc": 13}),
        ({"chroma": False}, {"n_chroma": 0}),
        ({"pitch": False, "deltas": False}, {"pitch": False, "delta_width": 0}),
    ],
)
def test_a_view_is_what_would_have_been_extracted(copies, changes, settings):
    chosen = seen(copies, **changes)
    expected = replace(FeatureSettings(), **settings)
    assert chosen.n_static == expected.n_static
    assert np.allclose(chosen.matrix(0), extract(expected), atol=1e-3)


def test_mfccs_hold_the_log_mel_spectrogram(copies):
    bands = seen(copies, n_mfcc=0, log_mel=True, chroma=False, pitch=False)
    matrix = bands.matrix(0)
    assert matrix.shape[1] == 128 and bands.n_static == 64
    assert np.allclose(matrix[:, :64], log_mel(), atol=0.01)
    assert np.allclose(matrix[:, 64:], delta(log_mel().T, 9).T, atol=0.01)


def test_energy_contrast_and_flux_are_those_of_the_log_mel(copies):
    bands = log_mel()
    energy = 10 * np.log10((10 ** (bands / 10)).sum(axis=1))
    richer = seen(copies, energy=True, contrast=True).matrix(0)
    assert richer.shape[1] == 2 * (48 + 1 + 9)
    assert np.allclose(richer[:, :48], extract(FeatureSettings())[:, :48], atol=1e-3)
    assert np.allclose(richer[:, 48], energy, atol=0.01)
    assert np.allclose(energy_contour(bands)[:, 0], energy, atol=1e-3)
    parts = contrast_and_flux(bands)
    assert np.allclose(richer[:, 49:58], parts, atol=0.05)
    assert np.allclose(parts[:, 0], np.ptp(bands[:, :8], axis=1))
    assert parts[0, 8] == 0 and (parts[:, 8] >= 0).all()
    assert parts[5, 8] == pytest.approx(np.clip(bands[5] - bands[4], 0, None).mean(), rel=1e-4)


def test_the_mean_of_an_utterance_can_be_taken_out(copies):
    centred = seen(copies, centred=True).matrix(0)
    plain = seen(copies).matrix(0)
    assert np.allclose(centred[:, :48].mean(axis=0), 0, atol=1e-3)
    assert np.allclose(centred[:, :48] + plain[:, :48].mean(axis=0), plain[:, :48], atol=1e-3)
    assert np.allclose(centred[:, 48:], plain[:, 48:], atol=1e-3)


def test_copies_are_seen_by_kind(copies):
    kinds = copy_kinds(AUGMENT)
    assert len(kinds) == copies.n_copies
    quiet = seen(copies, copies=("speed", "band", "room"))
    everything = seen(copies)
    assert quiet.n_copies == len(kinds) - AUGMENT.n_noisy
    assert seen(copies, copies=()).n_copies == 1
    assert np.array_equal(quiet.matrix(0, 4), everything.matrix(0, 4))
    after_noise = kinds.index("band")
    assert np.array_equal(quiet.matrix(0, 5), everything.matrix(0, after_noise))


def test_a_shorter_vocal_tract_moves_resonances_up_and_leaves_pitch(copies):
    centres = librosa.mel_frequencies(66, fmax=8000)[1:-1]
    peak = np.exp(-0.5 * ((centres - 1000) / 150) ** 2)[None].astype(np.float32)

    def resonance(factor):
        bands = warp_bands(peak, factor, STORED)[0]
        return centres[bands.argmax()]

    assert resonance(1.0) == pytest.approx(1000, abs=30)
    assert resonance(1.12) == pytest.approx(1120, abs=50)
    assert resonance(0.88) == pytest.approx(880, abs=50)
    assert np.allclose(warp_bands(peak, 1.0, STORED), peak, atol=1e-5)
    warped = seen(copies, vtlp=True)
    assert warped.n_copies == copies.n_copies + len(VTLP_FACTORS)
    itself, shorter = warped.matrix(0), warped.matrix(0, warped.n_copies - 1)
    assert shorter.shape == itself.shape
    assert np.array_equal(shorter[:, 34:48], itself[:, 34:48])  # chroma and pitch
    assert np.abs(shorter[:, 1:34] - itself[:, 1:34]).mean() > 0.5


def test_log_mel_needs_all_coefficients(copies):
    with pytest.raises(ValueError, match="34 MFCCs do not hold 64 mel bands"):
        view(copies, FeatureSettings(), ViewSettings(vtlp=True))
