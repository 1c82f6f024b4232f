"""What a frozen lock pins, and how two of them differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:==\s*(?P<version>[^\s;\\]+)|@\s*(?P<url>\S+))")


def pinned(lock: str) -> dict[str, str]:
    """name -> version, or where it comes from, of locked requirements as uv writes them.

    Where markers choose between several versions, all of them: `1.26.4 or 2.4.0`.
    """
    found: dict[str, list[str]] = {}
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            versions = found.setdefault(pin["name"].lower(), [])
            if (version := pin["version"] or pin["url"]) not in versions:
                versions.append(version)
    return {name: " or ".join(versions) for name, versions in sorted(found.items())}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str | None, str | None]]:
    """(name, version before, version after) of packages that are not the same in both; None where there is none."""
    names = sorted(before.keys() | after.keys())
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]
