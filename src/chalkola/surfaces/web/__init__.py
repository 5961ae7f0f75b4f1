"""`chalkola serve`: what people and sheets reach over HTTP. It reads the database and never asks Amazon.

command       the command: where it listens, and what it refuses
addresses     who can reach an address, and from which one somebody calls (pure)
application   the whole application, from its parts
guard         around everything: what is logged, what is hidden, which headers each answer has
entry/        who is let in to the pages
house         what all pages share
pages/        the pages, from templates/ and static/
static_files  what they are drawn with
pace          so many at once, then one after the other
rpc/          the functions for sheets, as Supabase's PostgREST serves them
telling       its log
running       from its start to its end
serving       a socket, and a server that stops in good order
"""
