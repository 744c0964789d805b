"""Features that were computed are kept, and a damaged copy of them is made anew."""

from types import SimpleNamespace

import numpy as np

from ser.features import feature_copies
from ser.features.augment import AugmentSettings, copy_kinds
from ser.features.feature_copies import FeatureCopies, cached_feature_copies


def test_damage_of_any_bit_of_kept_features_is_no_error(tmp_path, monkeypatch):
    settings, made = AugmentSettings(), []
    frames = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float16)
    copies = FeatureCopies(("a",), frames, np.array([[[0, 30]]]), copy_kinds(settings))
    monkeypatch.setattr(feature_copies, "make_feature_copies", lambda *_: made.append(1) or copies)
    asked = (
        [SimpleNamespace(clip_id="a")],
        SimpleNamespace(settings=SimpleNamespace(to_dict=dict)),
        settings,
    )
    path = tmp_path / "copies.npz"
    for _ in range(2):
        cached_feature_copies(path, *asked)
    assert len(made) == 1
    content = path.read_bytes()
    for place in range(0, len(content), 19):
        for bit in (0, 3, 7):
            spoilt = bytearray(content)
            spoilt[place] ^= 1 << bit
            path.write_bytes(spoilt)
            assert len(cached_feature_copies(path, *asked).frames) == 30
    path.write_bytes(content[:-30])
    assert cached_feature_copies(path, *asked) is copies
