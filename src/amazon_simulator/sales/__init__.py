"""The Sales API v1: order metrics, nearly in real time."""
