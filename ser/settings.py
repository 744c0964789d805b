"""What a speech model hears by: rates, hops and sizes, and the arrays that pass between steps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class WindowSettings:
    """How a recording is cut into what is judged at once, whatever hears it.

    Attributes
    ----------
    sample_rate_hz
        Rate at which the network hears.
    window_seconds, window_hop_seconds
        Longest stretch that is judged at once, and the step between such windows in longer
        recordings.
    trim_db
        Leading and trailing frames this far below the loudest frame count as silence.
    """

    sample_rate_hz: int = 16_000
    window_seconds: float = 4.0
    window_hop_seconds: float = 1.0
    trim_db: float = 35.0

    @property
    def level_length(self) -> int:
        """Samples in a frame that is loud or silent."""
        return round(0.032 * self.sample_rate_hz)

    @property
    def window_length(self) -> int:
        """Samples in the longest stretch that is judged at once."""
        return round(self.window_seconds * self.sample_rate_hz)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class FeatureSettings(WindowSettings):
    """Every rate, hop and size of MFCC; the rest derives from these. Saved with the model.

    Attributes
    ----------
    hop_seconds
        Time from frame to frame.
    frame_seconds
        Length of the analysis frame (Hann window), also the FFT length.
    n_mels, n_mfcc
        Mel bands, and how many cepstral coefficients are kept of them.
    n_chroma
        Pitch classes; 0 leaves chroma out.
    pitch
        Whether the pitch contour and the strength of voicing are features, too.
    dynamic_range_db
        Mel bands this far below the loudest of the window are raised to there, librosa's
        `top_db`: what is fainter is the room's noise more often than the voice.
    delta_width
        Frames in the regression that gives a delta (odd); 0 leaves deltas out.
    level_free
        Scale every window to the same level first, so that the gain of a microphone changes
        nothing.
    """

    hop_seconds: float = 0.032
    frame_seconds: float = 0.064
    n_mels: int = 64
    n_mfcc: int = 34
    n_chroma: int = 12
    pitch: bool = True
    dynamic_range_db: float = 50.0
    delta_width: int = 9
    level_free: bool = True

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_seconds * self.sample_rate_hz)

    @property
    def level_length(self) -> int:
        """Samples in a frame that is loud or silent."""
        return self.hop_length

    @property
    def n_fft(self) -> int:
        """Samples in a frame."""
        return round(self.frame_seconds * self.sample_rate_hz)

    @property
    def n_static(self) -> int:
        """Columns of the feature matrix that are no deltas; they come first."""
        return self.n_mfcc + self.n_chroma + 2 * self.pitch

    @property
    def n_features(self) -> int:
        """Columns of the feature matrix."""
        return 2 * self.n_static if self.delta_width else self.n_static

    def n_frames(self, seconds: float) -> int:
        """Return how many frames `seconds` of sound give."""
        return 1 + round(seconds * self.sample_rate_hz) // self.hop_length


@dataclass(frozen=True)
class EncoderSettings(WindowSettings):
    """What frames of an encoder are made of. Windows are cut as for MFCC.

    Attributes
    ----------
    layers
        For each encoder the layers that come out, counted from 1. Encoders stand side by side in
        this order, and the layers of each.
    n_features
        Columns of all of them.
    longest_seconds
        The longest sound that the encoders take at once.
    """

    layers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    n_features: int = 0
    longest_seconds: float = 6.0

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return 320

    @property
    def hop_seconds(self) -> float:
        """Time from frame to frame."""
        return self.hop_length / self.sample_rate_hz

    def n_frames(self, seconds: float) -> int:
        """Return how many frames `seconds` of sound give."""
        return round(seconds * self.sample_rate_hz) // self.hop_length
