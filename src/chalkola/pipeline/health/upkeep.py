"""What grows old or full, and whether anybody hears of it. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from chalkola.pipeline.checkup.finding import Finding, Level
from chalkola.pipeline.checkup.room import FREE_PLAN_BYTES, SUPABASE_USAGE, TIGHT_BYTES, in_words
from chalkola.pipeline.checkup.upkeep import (
    AUTHORISED_FOR,
    SECRET_ENDS_AFTER,
    authorisation_age,
    secret_age,
)
from chalkola.pipeline.health.model import Concern, Health, steps
from chalkola.pipeline.health.thresholds import Threshold, Unit

# docs.github.com/actions/how-tos/manage-workflow-runs/disable-and-enable-workflows
SCHEDULES_END_AFTER = timedelta(days=60)
SCHEDULES_WARN_AFTER = Threshold(
    rule="schedules end", name="after", unit=Unit.DAYS, usual=45, least=1, most=59,
    means="How long the repository was not changed",
)  # fmt: skip
FULL_FROM = Threshold(
    rule="database full",
    name="part",
    unit=Unit.PERCENT,
    usual=80,
    least=10,
    most=99,
    means="Which part of Supabase's free plan is in use",
)
_FILLING = (0.9, 0.97)
_SURELY_LARGER = 1.2
"""So much of the free plan's size and still written to: it is another plan."""
_SOON = timedelta(days=7)
_UNKEPT_SHOWN = timedelta(hours=12)
"""So long an archive that works again is told of the documents that it did not take meanwhile."""
_UNKEPT_GROWS_WORSE = (timedelta(days=1), timedelta(days=3))
_LOADED_ALL_THE_SAME = "The rows are loaded all the same. What is not in the archive cannot be rebuilt by `reload`."


def credentials_end(health: Health) -> Iterator[Concern]:
    """Yield the client secret and the authorisation when their end is near, by the days that were set."""
    today = health.now.date()
    ages = (
        ("client secret", health.secret_created, SECRET_ENDS_AFTER, secret_age),
        ("authorisation", health.authorized, AUTHORISED_FOR, authorisation_age),
    )
    for subject, since, life, judge in ages:
        if since is not None and since <= today and (found := judge(since, today)).level is not Level.OK:
            yield _ending(subject, found, since + life - today)


def _ending(subject: str, found: Finding, left: timedelta) -> Concern:
    return Concern(
        subject=subject,
        what=found.what,
        why=found.why,
        done="Nothing can be done from here: only a person can renew it.",
        todo=f"{found.remedy} Where: {found.where}.",
        grade=1 + (left <= _SOON) + (left <= timedelta()),
    )


def schedules_end(health: Health) -> Iterator[Concern]:
    """Yield one concern where GitHub is about to stop the schedules, or may have."""
    since = health.repository_active
    if since is None or health.now - since < health.chosen.span(SCHEDULES_WARN_AFTER):
        return
    idle = health.now - since
    yield Concern(
        subject="schedules",
        what=f"The repository on GitHub was last changed {idle.days} days ago, on {since.date()}.",
        why=f"GitHub stops the schedules of a public repository after {SCHEDULES_END_AFTER.days} days without a"
        " change. Then no run starts by itself, and nobody is told.",
        done="Nothing can be done from here: only a change to the repository counts.",
        todo="Change anything in the repository, a word in README.md for instance, and push it. If the schedules"
        " have been stopped: Actions > daily-pull > Enable workflow.",
        grade=steps(idle, SCHEDULES_END_AFTER - _SOON, SCHEDULES_END_AFTER),
    )


def database_full(health: Health) -> Iterator[Concern]:
    """Yield one concern where the database is about to have no room."""
    if health.pace is None or health.room is None:
        return
    size = health.pace.size_bytes
    full_from = health.chosen.share(FULL_FROM)
    if health.room.on_supabase and full_from <= size / FREE_PLAN_BYTES < _SURELY_LARGER:
        yield Concern(
            subject="database",
            what=f"The database has {in_words(size)}; Supabase's free plan holds {in_words(FREE_PLAN_BYTES)}.",
            why="Beyond its limit Supabase makes the database read-only, and nothing more can be loaded. Which plan "
            "yours has cannot be seen from here.",
            done="Nothing was deleted, and loading goes on as long as it can.",
            todo=f"On the free plan, change to a paid one now. Where: {SUPABASE_USAGE}.",
            grade=steps(size / FREE_PLAN_BYTES, *_FILLING, 1.0),
        )
    free = health.room.free_bytes
    if free is not None and free < 2 * TIGHT_BYTES:
        yield Concern(
            subject="database",
            what=f"The disk of the database has {in_words(free)} left; the database has {in_words(size)}.",
            why="PostgreSQL stops when its disk is full. What was loaded stays.",
            done="Nothing was deleted, and loading goes on as long as it can.",
            todo="Make room on the disk, or move CHALKOLA_HOME to a larger one.",
            grade=1 + (free < TIGHT_BYTES) + (free < TIGHT_BYTES // 5),
        )


def documents_not_kept(health: Health) -> Iterator[Concern]:
    """Yield one concern where the archive does not take documents, and one where some are too large for it."""
    for one in health.unkept:
        some = f"{one.count} document" + ("s" if one.count > 1 else "")
        if one.state == "too large":
            yield Concern(
                subject="too large",
                what=f"{some} of the last week cannot be archived, the largest of {in_words(one.largest_bytes)}.",
                why=one.why,
                done=_LOADED_ALL_THE_SAME,
                todo="Raise the limit, or name a folder in CHALKOLA_ARCHIVE. Nothing is lost but the copy.",
            )
        elif one.goes_on or health.now - one.last_at <= _UNKEPT_SHOWN:
            yield Concern(
                subject="archive",
                what=f"{some} could not be archived since {one.first_at:%Y-%m-%d %H:%M} UTC.",
                why=one.why,
                done=_LOADED_ALL_THE_SAME,
                todo="Do what is said above, and run `chalkola doctor`. `chalkola pull --again` with the days asks"
                " Amazon for the documents once more.",
                grade=steps(health.now - one.first_at if one.goes_on else timedelta(), *_UNKEPT_GROWS_WORSE),
            )


def alerts_unheard(health: Health) -> Iterator[Concern]:
    """Yield the channels that the last message did not get through to."""
    for one in health.unheard:
        yield Concern(
            subject=one.channel,
            what=f"{one.channel} could not be told of an alert on {one.tried_at:%Y-%m-%d %H:%M} UTC.",
            why=one.failure,
            done="The pull was not held up. The message is tried again at the end of each run.",
            todo="Correct the setting of that channel, and try it with `chalkola alerts test`.",
        )
