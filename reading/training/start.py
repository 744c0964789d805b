"""Where training begins: the published encoder's weights under the names of our network.

>>> from reading.training.start import SOURCE_NAMES
>>> SOURCE_NAMES["mean/kernel"]
('cnn_W',)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reading.network.network import ORDERS

ENCODER_FILE = "encoder.npz"
_ORDERS = [order for order, _ in ORDERS]
# Name in `reading.network.network`: arrays of the package, side by side along the last axis.
SOURCE_NAMES: dict[str, tuple[str, ...]] = {
    "projections/kernel": tuple(f"proj{order}" for order in _ORDERS),
    "projections/bias": tuple(f"proj_b{order}" for order in _ORDERS),
    "projections_norm/gamma": tuple(f"ln_g{order}" for order in _ORDERS),
    "projections_norm/beta": tuple(f"ln_b{order}" for order in _ORDERS),
    **{
        f"convolution_{order}_{layer}/{part}": (f"{letter}{number}_{order}",)
        for order in _ORDERS
        for number, layer in ((1, "first"), (2, "second"))
        for part, letter in (("kernel", "w"), ("bias", "b"))
    },
    "features_norm/gamma": ("ln_g",),
    "features_norm/beta": ("ln_b",),
    "mean/kernel": ("cnn_W",),
    "mean/bias_each": ("cnn_b",),
    "deep_0/kernel": ("d0",),
    "deep_1/kernel": ("d1",),
    "deep_2/kernel": ("d2",),
    "deep_3/kernel": ("d3",),
    "skip_1/kernel": ("p1",),
    "skip_3/kernel": ("p3",),
}


def starting_weights(published: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Return the published arrays under our names, float32."""
    return {
        name: np.concatenate([published[source] for source in sources], axis=-1).astype(np.float32)
        for name, sources in SOURCE_NAMES.items()
    }
