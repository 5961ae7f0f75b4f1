"""`POST /rest/v1/rpc/<name>`: the functions that sheets call, served as Supabase's PostgREST serves them.

asking        what a request asks for, by the functions that there are (pure)
problems      what is said instead of an answer, in PostgREST's words (pure)
guessing      who tries tokens out, and has to wait (pure)
functions     the functions that the database has, looked up again when that may have changed
endpoint      all of them at work
"""
