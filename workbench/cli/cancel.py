"""`workbench cancel RUN...`: stops it wherever it is: TERM, a grace, then KILL, to every process of it."""

from __future__ import annotations

import argparse

from workbench.cli import acting

EXAMPLE = "workbench cancel brave-sunset-12 calm-river-13"

configure = acting.configure


def main(args: argparse.Namespace) -> int:
    return acting.act("cancel", args)
