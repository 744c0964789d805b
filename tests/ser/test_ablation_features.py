"""Views of stored features are what the extractor would have made, and what they claim to be."""

import os
from dataclasses import replace

import numpy as np
import pytest
import soundfile

pytest.importorskip("librosa", reason="training needs the extra: pip install 'emotify[train]'")

from ser.ablation_features import (
    ViewSettings,
    contrast_and_flux,
    copy_kinds,
    energy_contour,
    view,
    warp_bands,
)
from ser.augment import AugmentSettings, waveform_variants
from ser.feature_copies import FeatureCopies
from ser.features import FeatureExtractor, FeatureSettings, delta, make_filter_banks

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
STORED = FeatureSettings(n_mfcc=64)
SPEECH = soundfile.read(
    sorted(__import__("pathlib").Path("data/samples").glob("*.wav"))[0], dtype="float32"
)[0]


def extract(settings, samples):
    return FeatureExtractor(settings, make_filter_banks(settings))(samples)
