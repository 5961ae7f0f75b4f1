"""Where to: everything that keeps things, and nothing that knows Amazon."""
