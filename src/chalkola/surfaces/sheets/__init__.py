"""Google Sheets: the tabs that a sheet keeps of our figures, a workbook over them, and the way that needs no script.

layout.py            what is in each snapshot tab, and where: script, push and template keep to it
snapshot.py          the tabs as values, read from the database's answers and checked
template/            a workbook of native formulas over these tabs; templating.py is its command
pushing.py           brings a spreadsheet to a snapshot by what changes.py says; pushing_command.py is its command
google.py            a spreadsheet at Google; pace.py, refusals.py, service_account.py are what it needs
tokens.py            the tokens that a sheet with the script shows
"""
