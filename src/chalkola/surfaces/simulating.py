"""`chalkola simulate`: the simulated Amazon, with its own options."""

import runpy
import sys

import click

from chalkola.surfaces.output import unguarded_output


@click.command(
    "simulate",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def simulate_command(options: tuple[str, ...]) -> int:
    """Run the simulated Amazon. `simulate --help` lists its options."""
    sys.argv = ["amazon_simulator", *options]
    try:
        with unguarded_output():
            runpy.run_module("amazon_simulator", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
