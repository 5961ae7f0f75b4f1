"""How it moves: plan, pull, load, reconcile, and the runs that put them together."""
