"""The simulated Amazon as listeners on loopback: one a region, one for login, documents, control and rates each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from types import TracebackType

from aiohttp import web

from amazon_simulator.accounts import REGIONS, Account
from amazon_simulator.amazon import amazon
from amazon_simulator.amounts import Document
from amazon_simulator.answers import unavailable_page
from amazon_simulator.bank.rates import ReferenceRates
from amazon_simulator.bank.service import FOLDER, Bank
from amazon_simulator.control import Control, kiosk_rows, listings, truth
from amazon_simulator.documents import Documents
from amazon_simulator.gateway import Gateway
from amazon_simulator.journal import Journal
from amazon_simulator.kiosk.access import Roles
from amazon_simulator.kiosk.documents import KioskDocuments
from amazon_simulator.kiosk.service import DataKiosk
from amazon_simulator.login import TokenAnswer, invalid_client, invalid_grant
from amazon_simulator.mischief import Fault, Mischief, Stage, Where
from amazon_simulator.reports import Reports
from amazon_simulator.resets import reset
from amazon_simulator.sales.orders import Orders
from amazon_simulator.sales.service import Sales
from amazon_simulator.settings import SimulatorSettings
from amazon_simulator.standing import Authorisations, Closures
from amazon_simulator.storage import Storage
from amazon_simulator.world import World

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, not a secret
_LISTENERS = (*REGIONS, "lwa", "documents", "control", "rates")

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator:
    """A simulated Amazon inside the running event loop.

    `now` is Amazon's time. After `start`, `urls` has the addresses: `na`, `eu`, `fe`, `lwa` (the whole token URL),
    `documents`, `control`, and `rates` (the folder of the bank's files).
    """

    def __init__(self, settings: SimulatorSettings, now: Callable[[], datetime]) -> None:
        self._amazon = amazon(settings, now)
        self._storage = Storage(amazon=self._amazon)
        reports = Documents(amazon=self._amazon, storage=self._storage)
        self._reports = Reports(amazon=self._amazon, documents=reports)
        queries = KioskDocuments(amazon=self._amazon, storage=self._storage)
        self._kiosk = DataKiosk(amazon=self._amazon, documents=queries)
        self._sales = Sales(amazon=self._amazon, orders=Orders(world=self._amazon.world))
        self.rates = ReferenceRates(seed=settings.seed)
        """What the bank publishes."""
        self._runners: list[web.AppRunner] = []
        self.settings = settings
        self.urls: dict[str, str] = {}

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Return the seller accounts."""
        return self._amazon.accounts

    @property
    def client_id(self) -> str:
        """Return the application's client id."""
        return self._amazon.application.client_id

    @property
    def client_secret(self) -> str:
        """Return the application's client secret."""
        return self._amazon.application.client_secret

    @property
    def journal(self) -> Journal:
        """Return what was asked."""
        return self._amazon.journal

    @property
    def world(self) -> World:
        """Return the shop."""
        return self._amazon.world

    @property
    def mischief(self) -> Mischief:
        """Return the faults, to add to."""
        return self._amazon.mischief

    @property
    def roles(self) -> Roles:
        """Return which accounts Data Kiosk answers, to be changed."""
        return self._amazon.roles

    @property
    def authorisations(self) -> Authorisations:
        """Return which refresh tokens open the accounts, to be changed."""
        return self._amazon.authorisations

    @property
    def closures(self) -> Closures:
        """Return which marketplaces are closed to their seller, to be changed."""
        return self._amazon.closures

    def truth(
        self, marketplace: str, day: date, as_of: datetime | None = None, *, asin_granularity: str = "CHILD"
    ) -> Document:
        """Return a local day as Amazon shows it at `as_of` (now), in the document's shape, faults left out."""
        return truth(self._amazon, marketplace, day, as_of, asin_granularity)

    def kiosk_rows(
        self,
        kind: str,
        marketplaces: Sequence[str],
        start: date,
        end: date,
        *,
        aggregate: str | None = None,
        asins: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> list[Document]:
        """Return the rows of a Data Kiosk query with every field, as Amazon shows them at `as_of` (now), no faults.

        `kind` is the query's name, `aggregate` CHILD or DAY when not given; `asins` are for salesAndTrafficTrends.
        """
        return kiosk_rows(self._amazon, kind, marketplaces, start, end, aggregate=aggregate, asins=asins, as_of=as_of)

    def listings(self, marketplace: str, as_of: datetime | None = None) -> list[dict[str, str]]:
        """Return the lines of a list as Amazon would write it at `as_of` (now), by its columns, faults left out."""
        return listings(self._amazon, marketplace, as_of)

    def env(self) -> dict[str, str]:
        """Return the settings with which a client reaches this Amazon; an account that no token opens has none."""
        tokens = {account.key: self.authorisations.token(account.key) for account in self.accounts}
        return {
            **{f"SP_API_ENDPOINT_{region.upper()}": self.urls[region] for region in REGIONS},
            "LWA_TOKEN_URL": self.urls["lwa"],
            "FX_RATES_URL": self.urls["rates"],
            "SP_LWA_CLIENT_ID": self.client_id,
            "SP_LWA_CLIENT_SECRET": self.client_secret,
            **{f"SP_REFRESH_TOKEN_{key}": token for key, token in tokens.items() if token},
        }

    async def start(self) -> None:
        """Listen. Raises OSError when a port is taken."""
        try:
            for offset, name in enumerate(_LISTENERS):
                base = self.settings.port_base
                self.urls[name] = await self._listen(self._app(name), base + offset if base else 0)
        except OSError:
            await self.stop()
            raise
        self._storage.origin = self.urls["documents"]
        self.urls["lwa"] += TOKEN_PATH
        self.urls["rates"] += FOLDER

    async def stop(self) -> None:
        """Stop listening, at once: open connections are closed."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def __aenter__(self) -> "Simulator":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _listen(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handle_signals=False)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self.settings.host, port).start()
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"

    def _app(self, name: str) -> web.Application:
        app = web.Application()
        if name == "control":
            app.add_routes(Control(amazon=self._amazon).routes())
        elif name == "lwa":
            app.router.add_post(TOKEN_PATH, self._log_in)
        else:
            app.router.add_route("*", "/{path:.*}", self._server_of(name))
        return app

    def _server_of(self, name: str) -> Serve:
        if name == "documents":
            return self._storage.serve
        if name == "rates":
            made = self._amazon
            return Bank(rates=self.rates, now=made.now, mischief=made.mischief, journal=made.journal).serve
        return Gateway(
            amazon=self._amazon, reports=self._reports, kiosk=self._kiosk, sales=self._sales, region=name
        ).serve

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        account = self._amazon.login.opened_by(form.get("refresh_token", ""))
        where = Where(operation="login", account=account.key if account else None)
        fault = self.mischief.strike(Stage.CALL, where) or self.mischief.strike(Stage.LOGIN, where)
        answer = self._token_answer(request, form, fault)
        kind = fault.kind if fault else ""
        if kind == "slow_answer" and fault:
            await asyncio.sleep(fault.seconds)
        reset_it = kind in ("reset_before", "reset_after")
        self.journal.count("login", 0 if reset_it else 503 if kind == "unavailable_html" else answer.status)
        if reset_it:
            return reset(request)
        return unavailable_page() if kind == "unavailable_html" else _token_response(answer)

    def _token_answer(self, request: web.Request, form: dict[str, str], fault: Fault | None) -> TokenAnswer:
        match fault.kind if fault else "":
            case "token_revoked":
                return invalid_grant()
            case "invalid_client" | "unauthorized":
                return invalid_client()
            case "server_error":
                return TokenAnswer(status=500, body={"error": "server_error", "error_description": "Try again"})
            case "throttled":
                return TokenAnswer(status=429, body={"error": "temporarily_unavailable"})
            case _:
                return self._amazon.login.token(request.content_type, form)


def _token_response(answer: TokenAnswer) -> web.Response:
    return web.json_response(answer.body, status=answer.status, headers={"Cache-Control": "no-store"})
