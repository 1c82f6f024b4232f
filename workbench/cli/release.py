"""`workbench release RUN...`: a held run may start."""

from __future__ import annotations

import argparse

from workbench.cli import acting

EXAMPLE = "workbench release brave-sunset-12"

configure = acting.configure


def main(args: argparse.Namespace) -> int:
    return acting.act("release", args)
