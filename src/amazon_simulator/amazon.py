"""Everything the listeners share: one simulated Amazon."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from amazon_simulator.accounts import Account, Application, accounts, application
from amazon_simulator.catalog import Catalog
from amazon_simulator.document import REPORT_TYPE, Question
from amazon_simulator.journal import Cancellation, Entry, Journal, QueryEntry
from amazon_simulator.kiosk.access import Roles
from amazon_simulator.kiosk.pages import PageTokens
from amazon_simulator.kiosk.query_book import Query, QueryBook
from amazon_simulator.kiosk.reading import question
from amazon_simulator.listings.question import REPORT_TYPE as LIST
from amazon_simulator.listings.question import ListQuestion, list_question
from amazon_simulator.login import Login
from amazon_simulator.marketplaces import MARKETPLACES
from amazon_simulator.mischief import Fault, Mischief
from amazon_simulator.quotas import Quotas
from amazon_simulator.report_book import Book, Pace, Report
from amazon_simulator.settings import SimulatorSettings
from amazon_simulator.standing import Authorisations, Closures
from amazon_simulator.world import World

_ANY_AGE = 10_000  # days back: what was accepted stays so, however far back Amazon answers now


@dataclass(frozen=True, kw_only=True)
class Amazon:
    """The state of one simulated Amazon."""

    settings: SimulatorSettings
    now: Callable[[], datetime]
    accounts: tuple[Account, ...]
    application: Application
    login: Login
    quotas: Quotas
    mischief: Mischief
    journal: Journal
    book: Book
    queries: QueryBook
    query_pace: Pace
    page_tokens: PageTokens
    roles: Roles
    authorisations: Authorisations
    closures: Closures
    world: World


def amazon(settings: SimulatorSettings, now: Callable[[], datetime]) -> Amazon:
    """Return an Amazon with the reports of its journal and those that other applications have made."""
    sellers = accounts(settings.seed, settings.marketplaces, settings.own_accounts)
    credentials = application(settings.seed)
    authorisations = Authorisations(settings.seed, sellers)
    made = Amazon(
        settings=settings,
        now=now,
        accounts=sellers,
        application=credentials,
        login=Login(accounts=sellers, authorisations=authorisations, application=credentials, now=now),
        quotas=Quotas(
            enabled=settings.quotas, report_type=settings.report_type_quota, refuse_after=settings.refuse_after
        ),
        mischief=Mischief(settings.faults),
        journal=Journal(path=settings.journal),
        book=Book(Pace(seed=settings.seed, median_seconds=settings.processing_seconds)),
        queries=QueryBook(),
        query_pace=_query_pace(settings),
        page_tokens=PageTokens(seed=settings.seed),
        roles=Roles(settings.without_role, settings.role_refusal),
        authorisations=authorisations,
        closures=Closures(),
        world=World(
            restated=settings.restated,
            day_zones=settings.day_zones,
            catalog=Catalog(
                seed=settings.seed,
                parents=settings.parents,
                size=settings.children,
                full_shelves=settings.full_shelves,
                moved=settings.moved,
                retired=settings.retired,
            ),
        ),
    )
    _replay(made)
    _add_foreign_reports(made)
    return made


def foreign_twin(made: Amazon, account: str, question: Question | ListQuestion, created: datetime) -> Report:
    """Keep a report that another application made of the same days, by parent, or a custom list of the same
    marketplace: the same question to getReports."""
    report_id = made.book.next_id(account)
    starts, ends = made.book.times(account, report_id, created, None)
    is_list = isinstance(question, ListQuestion)
    return made.book.add(
        Report(
            account=account,
            report_id=report_id,
            report_type=LIST if is_list else REPORT_TYPE,
            question=(
                replace(question, custom=True) if isinstance(question, ListQuestion)
                else replace(question, asin_granularity="PARENT")
            ),
            created=created,
            starts=starts,
            ends=ends,
            data_start=created if isinstance(question, ListQuestion) else _midnight(question.start),
            data_end=created if isinstance(question, ListQuestion) else _midnight(question.end),
            foreign=True,
        )
    )  # fmt: skip


def _query_pace(settings: SimulatorSettings) -> Pace:
    seconds = settings.query_processing_seconds
    return Pace(seed=settings.seed, median_seconds=settings.processing_seconds if seconds is None else seconds)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _add_foreign_reports(made: Amazon) -> None:
    """Let another application have asked for the last days of every marketplace an hour ago."""
    created = made.now() - timedelta(hours=1)
    for seller in made.accounts:
        for row in seller.marketplaces:
            for back in range(2, 2 + made.settings.foreign_reports):
                day = created.date() - timedelta(days=back)
                foreign_twin(made, seller.key, Question(marketplace=row, start=day, end=day), created)


def _replay(made: Amazon) -> None:
    if made.settings.journal:
        made.settings.journal.parent.mkdir(parents=True, exist_ok=True)
    for note in made.journal.replay():
        match note:
            case Cancellation(query=True):
                made.queries.cancel(note.account, note.report_id, note.time)
            case Cancellation():
                made.book.cancel(note.account, note.report_id, note.time)
            case QueryEntry():
                made.queries.add(_query_of(made, note))
            case Entry():
                made.book.add(_report_of(made, note))


def _query_of(made: Amazon, entry: QueryEntry) -> Query:
    seller = next(row for row in made.accounts if row.key == entry.account)
    return Query(
        account=entry.account,
        query_id=entry.query_id,
        text=entry.query,
        question=question(entry.query, seller, entry.time, replace(made.settings.limits, answered_days=_ANY_AGE)),
        created=entry.time,
        starts=entry.starts,
        ends=entry.ends,
        as_of=entry.as_of,
        offset=entry.offset,
        fate=Fault.from_json(entry.fate) if entry.fate else None,
        contents=tuple(map(Fault.from_json, entry.contents)),
    )


def _report_of(made: Amazon, entry: Entry) -> Report:
    fate = Fault.from_json(entry.fate) if entry.fate else None
    starts, ends = made.book.times(entry.account, entry.report_id, entry.time, fate)
    if entry.repeats is None:
        starts, ends = min(starts, entry.as_of), entry.as_of
    return Report(
        account=entry.account,
        report_id=entry.report_id,
        report_type=entry.report_type,
        question=_question_of(made, entry),
        data_start=entry.data_start,
        data_end=entry.data_end,
        created=entry.time,
        starts=starts,
        ends=ends,
        fate=fate,
        contents=tuple(map(Fault.from_json, entry.contents)),
    )


def _question_of(made: Amazon, entry: Entry) -> Question | ListQuestion:
    market = MARKETPLACES[entry.marketplace]
    if entry.report_type == LIST:
        question = list_question(market, entry.options)
        earlier = made.book.find(entry.account, entry.repeats or "", entry.time)
        locale = (
            earlier.question.locale if earlier and isinstance(earlier.question, ListQuestion) else question.locale
        )
        return replace(question, locale=locale, made=entry.as_of if entry.repeats else None)
    return Question(
        marketplace=market,
        start=entry.start,
        end=entry.end,
        date_granularity=entry.options.get("dateGranularity", "DAY"),
        asin_granularity=entry.options.get("asinGranularity", "PARENT"),
    )
