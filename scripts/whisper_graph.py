"""The encoder of Whisper as an ONNX graph, from its weights under CTranslate2's names.

``log_mel`` of shape (batch, n_mels, 2 * frames) goes in, as `ser.features.log_mel` makes it, and
``frames`` of shape (batch, frames, n_layers * width) come out: what the chosen layers give, side by
side, without the normalisation that Whisper applies after its last one. The graph ends with the
highest of these layers, takes any even number of mel frames up to twice its positions, and needs
no padding to 30 s. Layers count from 1; layer 0 is what the first one is given, convolutions and
positions.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from ser.network.onnx_graph import GraphWriter

OPSET, IR_VERSION = 20, 10  # the first with GELU; ONNX Runtime 1.20 reads them
NORMALISATION_EPSILON = 1e-5


class _Encoder:
    """The parts of the encoder, each of which writes itself and returns its output's name."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.stored = weights
        self.graph = GraphWriter({})
        self.n_heads = int(weights["encoder/num_heads"].item())
        self.width, self.n_mels, _ = weights["encoder/conv1/weight"].shape

    def weights(self, name: str) -> NDArray[np.float32]:
        return self.stored[f"encoder/{name}"].astype(np.float32)

    def add(self, *inputs: str) -> str:
        return self.graph.node("Add", list(inputs))

    def convolution(self, name: str, x: str, stride: int) -> str:
        kernel = self.graph.weight(self.weights(f"{name}/weight"))
        bias = self.graph.constant(self.weights(f"{name}/bias"))
        x = self.graph.node("Conv", [x, kernel, bias], pads=[1, 1], strides=[stride])
        return self.graph.node("Gelu", [x])

    def positioned(self, x: str, n_positions: int) -> str:
        """Add the first positions, as many as there are frames."""
        positions = self.weights("position_encodings/encodings")[:n_positions]
        length = self.graph.node("Shape", [x], start=1, end=2)
        zero = self.graph.constant([0])
        these = [self.graph.weight(positions), zero, length, zero]
        return self.add(x, self.graph.node("Slice", these))

    def normalised(self, name: str, x: str) -> str:
        scale = [self.graph.constant(self.weights(f"{name}/{key}")) for key in ("gamma", "beta")]
        return self.graph.node("LayerNormalization", [x, *scale], epsilon=NORMALISATION_EPSILON)

    def linear(self, name: str, x: str) -> str:
        # Full precision even where float16 would do: only such kernels are quantised.
        kernel = self.graph.constant(np.ascontiguousarray(self.weights(f"{name}/weight").T))
        product = self.graph.node("MatMul", [x, kernel])
        return self.add(product, self.graph.constant(self.weights(f"{name}/bias")))

    def attention(self, name: str, x: str) -> str:
        graph, size = self.graph, self.width // self.n_heads
        together = self.linear(f"{name}/linear_0", self.normalised(f"{name}/layer_norm", x))
        shape = graph.constant([0, 0, 3, self.n_heads, size])
        by_head = graph.node("Reshape", [together, shape])
        by_head = graph.node("Transpose", [by_head], perm=[2, 0, 3, 1, 4])
        query, key, value = (graph.node("Gather", [by_head, graph.constant(n)]) for n in range(3))
        query = graph.node("Mul", [query, graph.constant(np.float32(size**-0.5))])
        key = graph.node("Transpose", [key], perm=[0, 1, 3, 2])
        shares = graph.node("Softmax", [graph.node("MatMul", [query, key])], axis=-1)
        heard = graph.node("Transpose", [graph.node("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        heard = graph.node("Reshape", [heard, graph.constant([0, 0, self.width])])
        return self.add(x, self.linear(f"{name}/linear_1", heard))

    def feed_forward(self, name: str, x: str) -> str:
        hidden = self.linear(f"{name}/linear_0", self.normalised(f"{name}/layer_norm", x))
        return self.add(x, self.linear(f"{name}/linear_1", self.graph.node("Gelu", [hidden])))


def encoder_graph(
    weights: Mapping[str, NDArray[Any]], layers: Sequence[int], n_positions: int
) -> onnx.ModelProto:
    """Return the graph in float32.

    Parameters
    ----------
    weights
        Those of ``encoder/``, as `ctranslate2_weights.read_weights` returns them.
    layers
        Which layers come out.
    n_positions
        How many frames (of 20 ms) it takes at most.
    """
    encoder = _Encoder(weights)
    x = encoder.convolution("conv1", "log_mel", 1)
    x = encoder.convolution("conv2", x, 2)
    x = encoder.graph.node("Transpose", [x], perm=[0, 2, 1])
    x = encoder.positioned(x, n_positions)
    after = {0: x}
    for number in range(1, max(layers) + 1):
        x = encoder.attention(f"layer_{number - 1}/self_attention", x)
        after[number] = x = encoder.feed_forward(f"layer_{number - 1}/ffn", x)
    encoder.graph.node("Concat", [after[layer] for layer in layers], output="frames", axis=-1)
    sizes = {
        "log_mel": ("batch", encoder.n_mels, "mel_frames"),
        "frames": ("batch", "frames", len(layers) * encoder.width),
    }
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in sizes.items()
    ]
    graph = helper.make_graph(
        encoder.graph.nodes, "whisper_encoder", ends[:1], ends[1:], encoder.graph.weights
    )
    whole = helper.make_model(
        graph,
        producer_name="emotify",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(whole)
    return whole


def quantised(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with integers for the kernels of its linear layers, a scale a column.

    What they are multiplied with is brought to eight bits in each call, by its own range. Weights
    keep to seven: processors without VNNI add such products two by two in 16 bits, which eight
    bits overflow.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantised.onnx"
        quantize_dynamic(
            graph,
            path,
            ["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(path)
