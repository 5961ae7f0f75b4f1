"""The pages. Each module has `ROUTES`; `SECTIONS` is the list of what is served and of what the navigation shows.

rendering   from a template to an answer, with what all pages have
asked       what an address asks for, and the address that asks for something else (pure)
spelling    how figures, days and changes are spelt (pure)
charts      what charts draw (pure)
refusing    what is said to an address that asks for what there is not
today       the first page · products, product, downloads · help
coverage    the ledger as a calendar (calendar.py, pure), a day's story, what is going on
alerts      what is wrong, and the rules by which it is found
settings    tokens, who has access, what is configured
forms       what a form brings, and who may send one

A page is a function of a request that returns `await page(request, "name.html", …)`; `house_of(request)` has the
database and the clock, `person_of(request)` for whom it is (`is_owner`: may change something). It is closed to
strangers already. No script, style or `style=` stands in a template, for the browser would not run it: scripts and
styles are files in static/, a chart's tooltip is drawn (`renderMode: 'richText'`), and values for scripts stand in
`data-` attributes or `<script type="application/json">`, which is data and allowed. A form has the field `{{
csrf_field }}`; what htmx sends shows the token by itself. htmx 4 inherits only what says so (`hx-
target:inherited`).
"""

from chalkola.surfaces.web.house import Section
from chalkola.surfaces.web.pages import alerts, coverage, downloads, help, product, products, settings, today

SECTIONS: tuple[Section, ...] = (
    Section(title="Today", path="/", routes=today.ROUTES),
    Section(title="Products", path="/products", routes=(*downloads.ROUTES, *products.ROUTES, *product.ROUTES)),
    Section(title="Coverage", path="/coverage", routes=coverage.ROUTES),
    Section(title="Alerts", path="/alerts", routes=alerts.ROUTES),
    Section(title="Settings", path="/settings", routes=settings.ROUTES),
    Section(title="Help", path="/help", routes=help.ROUTES),
)
