"""Settings: one table, read once into one frozen value. Nothing else reads the environment.

table.py          every setting: its name, what it means, where a person finds it
given.py          what is set, in the environment or else in `.env` in the current folder
typed.py          what was typed, as the kind of value that it is to be: an address, a day, a number
keeping.py        where Amazon's documents are to be kept
keys.py           what a Supabase project's secret key looks like
sign_in.py        what people sign in with
spreadsheets.py   which spreadsheet is meant by an address or an id
reading.py        all of it into one frozen value
values.py         what the settings are then
"""

from chalkola.settings.given import given_names, read_home, read_log_json, read_step_summary, secret_values
from chalkola.settings.reading import read_settings
from chalkola.settings.sign_in import SignIn
from chalkola.settings.table import AMAZON_ENDPOINTS, AMAZON_LOGIN, SETTINGS, Setting
from chalkola.settings.values import PUBLIC, Account, Bucket, GitHubRun, Settings, Supabase

__all__ = [
    "AMAZON_ENDPOINTS", "AMAZON_LOGIN", "PUBLIC", "SETTINGS", "Account", "Bucket", "GitHubRun", "Setting", "Settings",
    "SignIn", "Supabase", "given_names", "read_home", "read_log_json", "read_settings", "read_step_summary",
    "secret_values",
]  # fmt: skip
