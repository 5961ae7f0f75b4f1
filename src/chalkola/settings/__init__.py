"""Settings: one table, read once into one frozen value. Nothing else reads the environment.

keeping.py   where Amazon's documents are to be kept
keys.py      what a Supabase project's secret key looks like
table.py     every setting: its name, what it means, where a person finds it
sign_in.py   what people sign in with
values.py    what they are once they are read and checked
reading.py   from the environment, or else from `.env` in the current folder
"""

from chalkola.settings.reading import (
    given_names,
    read_home,
    read_log_json,
    read_settings,
    read_step_summary,
    secret_values,
)
from chalkola.settings.sign_in import SignIn
from chalkola.settings.table import AMAZON_ENDPOINTS, AMAZON_LOGIN, SETTINGS, Setting
from chalkola.settings.values import PUBLIC, Account, Bucket, GitHubRun, Settings, Supabase

__all__ = [
    "AMAZON_ENDPOINTS", "AMAZON_LOGIN", "PUBLIC", "SETTINGS", "Account", "Bucket", "GitHubRun", "Setting", "Settings",
    "SignIn", "Supabase", "given_names", "read_home", "read_log_json", "read_settings", "read_step_summary",
    "secret_values",
]  # fmt: skip
