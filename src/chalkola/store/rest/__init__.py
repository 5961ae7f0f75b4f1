"""The store through Supabase's API (PostgREST), where SUPABASE_URL and SUPABASE_SERVICE_KEY are all that is set.

address      a project as an address, like DATABASE_URL
statements   a statement with its values in it, and what kind it is (pure)
rows         rows as PostgreSQL's binary records, read by psycopg's own loaders (pure)
api          the calls: headers, answers, what may be tried again
connection   the verbs of a `Connection`, a call each
lines        lines of CSV without COPY (pure)
holding      the transaction that ends a pull: rows staged, what was seen looked at again, changes in one call
pool         the verbs of a `Pool`

`store/functions/55_rest.sql` is the other side.
"""
