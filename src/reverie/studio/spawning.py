"""Spawning: processes of the studio's own, which end when this one does, however that ends."""

import os
import subprocess
import sys

Process = subprocess.Popen[bytes]
WORKER = "reverie.studio.worker_start:compute"  # of the process that computes
DECODER = "reverie.studio.decoding:decode_pictures"  # of the one that decodes pictures
EXPORTER = "reverie.studio.exporting:export_atlas"  # of the one that writes an atlas's site


def spawned(serves: str) -> Process:
    """A process that runs `module:function`, in a session of its own, since Ctrl-C is for the server alone."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "reverie.studio.messages", serves],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
