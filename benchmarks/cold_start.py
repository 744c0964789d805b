"""Cold start and memory of `emotify recognize`, against importing TensorFlow and librosa.

The alternative is what a recogniser pays that serves with the training framework: importing
both packages and computing one MFCC matrix. Each command is a process of its own; runs take
turns, so that a busy machine slows both; the medians are compared. Bytecode is compiled by a
first run of each that does not count.

    python benchmarks/cold_start.py [--repeat 5]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / "data" / "samples" / "reading_short.wav"
ALTERNATIVE = (
    "import numpy, tensorflow, librosa; librosa.feature.mfcc(y=numpy.zeros(64000), sr=16000)"
)
TARGET_RATIO = 0.25
TARGET_MB = 400


def run(command: list[str]) -> tuple[float, float]:
    """Return wall time in seconds and peak memory in MB of a command."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with exit code {process.returncode}")
    per_mb = 1024 if sys.platform != "darwin" else 1024**2
    return time.perf_counter() - start, usage.ru_maxrss / per_mb


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command")
    repeat = parser.parse_args().repeat
    emotify = shutil.which("emotify", path=str(Path(sys.executable).parent)) or "emotify"
    commands = {
        "emotify recognize": [emotify, "recognize", str(RECORDING)],
        "import tensorflow, librosa": [sys.executable, "-c", ALTERNATIVE],
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for round_number in range(repeat + 1):
        for name, command in commands.items():
            result = run(command)
            if round_number:
                results[name].append(result)
    seconds = {n: statistics.median(r[0] for r in rows) for n, rows in results.items()}
    memory = {n: max(r[1] for r in rows) for n, rows in results.items()}
    for name in commands:
        print(f"{name:<28}{seconds[name]:6.2f} s  {memory[name]:6.0f} MB")
    ratio = seconds["emotify recognize"] / seconds["import tensorflow, librosa"]
    print(f"ratio {ratio:.3f} (target {TARGET_RATIO}), memory target {TARGET_MB} MB")


if __name__ == "__main__":
    main()
