"""`workbench hold RUN...`: it keeps its place in the queue and does not start."""

from __future__ import annotations

import argparse

from workbench.cli import acting

EXAMPLE = "workbench hold brave-sunset-12"

configure = acting.configure


def main(args: argparse.Namespace) -> int:
    return acting.act("hold", args)
