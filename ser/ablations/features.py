"""Other views of the same features, for ablations: a transformation of matrices, nothing stored.

An ablation that asks for other features does not need other code where recordings are served:
matrices with as many MFCCs as mel bands hold the log-mel spectrogram (the DCT is orthonormal), and
fewer MFCCs, log-mel, an energy contour, spectral contrast and flux, and warped vocal tracts all
follow from them. `FeatureView` makes them of each matrix when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ser.features.feature_copies import FeatureCopies
from ser.features.mfcc import delta
from ser.settings import FeatureSettings, Matrix

DB_PER_NEPER = 10.0 / np.log(10.0)
CONTRAST_BANDS = 8
VTLP_FACTORS = (0.88, 0.94, 1.06, 1.12)
VTLP_BOUNDARY_HZ = 4800.0  # above it the warp returns to the identity at half the sampling rate


@dataclass(frozen=True)
class ViewSettings:
    """What of the stored features is seen.

    Attributes
    ----------
    n_mfcc
        The first so many MFCCs; 0 for none.
    log_mel
        Whether the log-mel spectrogram is there (needs as many MFCCs stored as mel bands).
    chroma, pitch, deltas
        Whether these are there.
    energy, contrast
        Whether an energy contour, and spectral contrast and flux, are there (from log-mel).
    centred
        Whether the mean of each feature over the utterance is taken out.
    vtlp
        Whether there are copies with other vocal tracts, too (from log-mel).
    copies
        Augmented copies that are seen, by kind: see `ser.features.augment.copy_kinds`.
    """

    n_mfcc: int = 34
    log_mel: bool = False
    chroma: bool = True
    pitch: bool = True
    deltas: bool = True
    energy: bool = False
    contrast: bool = False
    centred: bool = False
    vtlp: bool = False
    copies: tuple[str, ...] = ("speed", "noise", "band", "room")


@dataclass(frozen=True)
class FeatureView(FeatureCopies):
    """Feature copies seen in another way; `view` makes one.

    Attributes
    ----------
    stored
        Settings of the features that are stored.
    settings
        What is seen of them.
    chosen
        Stored copies that are seen.
    """

    stored: FeatureSettings = field(default_factory=FeatureSettings)
    settings: ViewSettings = field(default_factory=ViewSettings)
    chosen: tuple[int, ...] = (0,)

    @property
    def n_static(self) -> int:
        """Columns that are no deltas."""
        return self._static(np.zeros((1, self.stored.n_static), np.float32)).shape[1]

    def matrix(self, row: int, copy: int = 0) -> Matrix:
        """Return the features of one copy, shape (n_frames, n_features)."""
        warped = copy - len(self.chosen)
        matrix = super().matrix(row, self.chosen[copy] if warped < 0 else 0)
        static, slopes = np.split(matrix, [self.stored.n_static], axis=1)
        if warped >= 0:
            bands = warp_bands(self._log_mel(static), VTLP_FACTORS[warped], self.stored)
            static = np.concatenate([bands @ self._dct.T, static[:, self.stored.n_mfcc :]], axis=1)
        elif self._columns is not None:
            static = static[:, self._columns]
            if not self.settings.deltas:
                return static
            return np.concatenate([static, slopes[:, self._columns]], axis=1)
        seen = self._static(static)
        if not self.settings.deltas:
            return seen
        return np.concatenate([seen, delta(seen.T, self.stored.delta_width).T], axis=1)

    @cached_property
    def _columns(self) -> list[int] | None:
        """Columns of the stored static features, if the view is a choice of them alone."""
        made = self.settings
        if made.log_mel or made.energy or made.contrast or made.centred:
            return None
        if made.deltas and not self.stored.delta_width:
            return None
        names = np.arange(self.stored.n_static, dtype=np.float32)[None]
        return [int(column) for column in self._static(names)[0]]

    def _static(self, static: Matrix) -> Matrix:
        made, stored = self.settings, self.stored
        after_chroma = stored.n_mfcc + stored.n_chroma
        parts = [static[:, : made.n_mfcc]]
        if made.log_mel:
            parts.append(self._log_mel(static))
        if made.chroma:
            parts.append(static[:, stored.n_mfcc : after_chroma])
        if made.pitch:
            parts.append(static[:, after_chroma:])
        if made.energy:
            parts.append(energy_contour(self._log_mel(static)))
        if made.contrast:
            parts.append(contrast_and_flux(self._log_mel(static)))
        seen = np.concatenate(parts, axis=1)
        return seen - seen.mean(axis=0) if made.centred else seen

    @property
    def _dct(self) -> Matrix:
        return _dct(self.stored.n_mels)

    def _log_mel(self, static: Matrix) -> Matrix:
        return static[:, : self.stored.n_mels] @ self._dct


def view(
    copies: FeatureCopies,
    stored: FeatureSettings,
    settings: ViewSettings,
) -> FeatureView:
    """Return stored copies as `settings` asks to see them.

    Raises
    ------
    ValueError
        If something needs the log-mel spectrogram and fewer MFCCs than mel bands are stored.
    """
    made = settings
    needs_mel = made.log_mel or made.energy or made.contrast or made.vtlp
    if needs_mel and stored.n_mfcc != stored.n_mels:
        raise ValueError(f"{stored.n_mfcc} MFCCs do not hold {stored.n_mels} mel bands")
    wanted = ("itself", *settings.copies)
    chosen = tuple(i for i, kind in enumerate(copies.kinds) if kind in wanted)
    kinds = [copies.kinds[i] for i in chosen] + ["vtlp"] * (settings.vtlp * len(VTLP_FACTORS))
    return FeatureView(
        copies.clip_ids, copies.frames, copies.places, tuple(kinds), stored, settings, chosen
    )


@lru_cache
def _dct(n: int) -> Matrix:
    """Return the orthonormal DCT-II, the convention of `ser.features.mfcc.FeatureExtractor`."""
    rows = np.arange(n)[:, None]
    basis = np.cos(np.pi * rows * (2 * np.arange(n) + 1) / (2 * n)) * np.sqrt(2 / n)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)


def energy_contour(log_mel: Matrix) -> Matrix:
    """Return the energy of each frame in dB, summed over mel bands, shape (n_frames, 1)."""
    return np.asarray(
        DB_PER_NEPER * np.logaddexp.reduce(log_mel / DB_PER_NEPER, axis=1, keepdims=True),
        np.float32,
    )


def contrast_and_flux(log_mel: Matrix) -> Matrix:
    """Return spectral contrast in 8 parts of the mel scale, and spectral flux, in dB.

    Contrast is the strongest band of a part less its weakest (Jiang et al. 2002 take octaves and
    means of the extremes of the FFT); flux is the mean rise of the bands since the frame before.
    Shape (n_frames, 9).
    """
    parts = np.array_split(log_mel, CONTRAST_BANDS, axis=1)
    contrast = [part.max(axis=1) - part.min(axis=1) for part in parts]
    rise = np.diff(log_mel, axis=0, prepend=log_mel[:1])
    return np.stack([*contrast, np.maximum(rise, 0.0).mean(axis=1)], axis=1)


@lru_cache
def _band_centres_hz(n_mels: int, sample_rate_hz: int) -> Sequence[float]:
    import librosa

    return tuple(librosa.mel_frequencies(n_mels + 2, fmax=sample_rate_hz / 2)[1:-1])


def warp_bands(log_mel: Matrix, factor: float, settings: FeatureSettings) -> Matrix:
    """Return the spectrum of a vocal tract that is `factor` times as short (VTLP).

    The map of frequencies is that of Jaitly and Hinton (2013): times the factor up to a boundary,
    then linear to half the sampling rate. Bands are interpolated on the mel scale; pitch stays.
    """
    centres = np.array(_band_centres_hz(settings.n_mels, settings.sample_rate_hz))
    highest = settings.sample_rate_hz / 2
    knee = VTLP_BOUNDARY_HZ * min(factor, 1.0) / factor
    warped = np.interp(centres, [0.0, knee, highest], [0.0, knee * factor, highest])
    # The tract's resonance at f is now at warped(f): a band shows what was at the inverse.
    sources = np.interp(centres, warped, centres)
    places = np.interp(sources, centres, np.arange(len(centres)))
    below = np.minimum(places.astype(int), len(centres) - 2)
    share = (places - below).astype(np.float32)
    return log_mel[:, below] * (1 - share) + log_mel[:, below + 1] * share
