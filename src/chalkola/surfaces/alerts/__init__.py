"""Who hears of it: alerts, their end, and a morning's digest, by Slack and mail.

telling    the end of a run: look, write down, tell
message    what is told, before it is Slack's or a mail (pure)
slack, mail, channels   the ways
digest     the newest day beside the one a week before
command    `chalkola alerts`
"""

from chalkola.surfaces.alerts.telling import alerting, tell

__all__ = ["alerting", "tell"]
