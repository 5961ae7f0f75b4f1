#!/usr/bin/env python3
"""Load history: the same as `chalkola backfill`, with its options and exit codes."""

import sys

from chalkola.surfaces.cli import main

if __name__ == "__main__":
    sys.exit(main(["backfill", *sys.argv[1:]]))
