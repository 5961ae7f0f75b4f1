"""`chalkola run`: the schedule of the GitHub workflows inside one process, for those who prefer a server.

deciding   what to do next, as a function of what is known (pure)
working    does it: a pull, a backfill, or sleeping until there is something to do
health     how it is, as an answer (pure)
endpoint   GET /health
command    the command
"""
