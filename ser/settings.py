"""What a speech model hears by: rates, hops and sizes, and the arrays that pass between steps."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureSettings:
    """Every rate, hop and size; the rest derives from these. Saved with the model.

    Attributes
    ----------
    sample_rate_hz
        Rate at which the network hears.
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
    window_seconds, window_hop_seconds
        Longest stretch that is judged at once, and the step between such windows in longer
        recordings.
    trim_db
        Leading and trailing frames this far below the loudest frame count as silence.
    level_free
        Scale every window to the same level first, so that the gain of a microphone changes
        nothing.
    """

    sample_rate_hz: int = 16_000
    hop_seconds: float = 0.032
    frame_seconds: float = 0.064
    n_mels: int = 64
    n_mfcc: int = 34
    n_chroma: int = 12
    pitch: bool = True
    dynamic_range_db: float = 50.0
    delta_width: int = 9
    window_seconds: float = 4.0
    window_hop_seconds: float = 1.0
    trim_db: float = 35.0
    level_free: bool = True

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_seconds * self.sample_rate_hz)

    @property
    def n_fft(self) -> int:
        """Samples in a frame."""
        return round(self.frame_seconds * self.sample_rate_hz)

    @property
    def window_length(self) -> int:
        """Samples in the longest stretch that is judged at once."""
        return round(self.window_seconds * self.sample_rate_hz)

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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
