"""Two years of history: what is lacking, by which questions it comes, in which order, and until when.

lacking.py   what of the span is not closed, and why (pure)
listing.py   which ASINs to ask for by name (pure)
plan.py      the questions that can be asked now, newest days first (pure)
portion.py   how much of that is written down at once (pure)
outlook.py   what is left, when it will be in, and how much it adds (pure)
run.py       the run: plans, asks through a worker, plans again
"""
