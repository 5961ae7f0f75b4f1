"""The nightly pull under its old name: `python3 run.py pull`, with the same options."""

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parents[1] / "run.py"
sys.exit(subprocess.call([sys.executable, str(RUN), "pull", *sys.argv[1:]]))
