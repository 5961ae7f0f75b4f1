"""What the pages and the JSON API show, as values: read from the database, never from Amazon.

shapes        the values
definitions   what each metric is, once for every surface
today         the first page: its days (daily), who moved (moving), how fresh it is (freshness)
products      the table of products: sums of products (by_product), families of them, small lines (sparks)
product       one of them: its family (kinship), its days (series), what Amazon said first (restating), notes
ledger_lines  pages of the ledger and of the alerts
spans         which days a period has, and what it is held against (the words' meaning is SQL's: store/sheets/)
splitting     why sales changed: visits, conversion, price (pure)
windows       figures over a period, and beside another one (pure)
facts         what products are called
asking        a look at one moment of the database
keeping       what was computed of the data as it is now, once for everybody
coverage      the ledger as a calendar, a letter a day

    page = await today(pool, clock.now(), Scope(place="ALL", currency="EUR"))

What is not there is None and says why; it is never 0. A ratio comes from sums. Money is in one currency, converted by
the rate of the sale's day.
"""
