#!/usr/bin/env python3
"""Pull what is due: the same as `chalkola pull`, with its options and exit codes."""

import sys

from chalkola.surfaces.cli import main

if __name__ == "__main__":
    sys.exit(main(["pull", *sys.argv[1:]]))
