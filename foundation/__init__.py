"""What every room stands on: errors, files written whole, user folders, downloads, jobs."""

import os

# ONNX Runtime (1.29 and later) tells its makers about the machine as soon as it is imported, and
# keeps a number for it in the home folder. Nothing leaves this machine unasked; whoever has set
# the variable already has said what they want.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
