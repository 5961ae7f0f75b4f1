"""The backfill under its old name: `python3 run.py backfill`."""

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parents[1] / "run.py"
sys.exit(subprocess.call([sys.executable, str(RUN), "backfill", *sys.argv[1:]]))
