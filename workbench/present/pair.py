"""What differs between the code and the environments of two runs, as lines of a pane. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.run import Run
from workbench.present.cells import Cell, Line, fit, width
from workbench.present.compare import BASE
from workbench.present.diff import diff_lines
from workbench.present.sanitise import clean

_SIGNS = {"added": ("+", "added"), "removed": ("-", "removed"), "changed": ("~", "accent")}
LISTED = 20
"""Files named above the diff; all of them are in it."""
NAME = 36


def code_lines(base: Run, run: Run, reply: Mapping[str, Any]) -> list[Line]:
    """reply: of `compare_code`."""
    lines = _pair(base, run, [_origin(reply["base"]), _origin(reply["run"])])
    count, files = reply["count"], reply["files"]
    if not count:
        return [*lines, (Cell("the same code, file by file", "dim"),)]
    lines += [_file(file) for file in files[:LISTED]]
    if count > LISTED:
        lines.append((Cell(f"  and {count - LISTED:,} files more", "dim"),))
    lines += [(), *diff_lines(reply["text"])]
    if left_out := count - reply["included"]:
        lines += [(), (Cell(f"{left_out:,} of {count:,} files are left out here: there is too much of it", "warn"),)]
    return lines


def environment_lines(base: Run, run: Run, reply: Mapping[str, Any]) -> list[Line]:
    """reply: of `compare_environment`."""
    lines = _pair(base, run, [_environment(reply["base"]), _environment(reply["run"])])
    packages, same = reply["packages"], reply["same"]
    wide = min(NAME, max((width(clean(one["name"])) for one in packages), default=0))
    lines += [_package(one, wide) for one in packages]
    if not packages:
        lines.append((Cell("the same packages" if same else "neither has locked packages", "dim"),))
    if same:
        lines += [(), (Cell(f"{same:,} packages are the same", "dim"),)]
    return lines


def package_rows(reply: Mapping[str, Any]) -> list[list[str]]:
    """What `environment_lines` says of packages, for a table."""
    return [[clean(one["name"]), clean(one["base"] or "–"), clean(one["run"] or "–")] for one in reply["packages"]]


def _pair(base: Run, run: Run, origins: Sequence[str]) -> list[Line]:
    names = [clean(base.name), clean(run.name)]
    wide = min(NAME, max(map(width, names)))
    marks = (BASE, "title"), (" ", "strong")
    return [
        *(
            (Cell(f"{mark} {fit(name, wide)}", style), Cell(f"  {origin}", "dim"))
            for name, origin, (mark, style) in zip(names, origins, marks, strict=True)
        ),
        (),
    ]


def _origin(code: Mapping[str, Any]) -> str:
    """`41ab7c2f on main, 3 files not committed`."""
    if not code["commit"]:
        return f"snapshot {code['snapshot'][:12]}, no commit"
    branch = f" on {clean(code['branch'])}" if code["branch"] else ""
    files = "1 file" if code["changes"] == 1 else f"{code['changes']:,} files"
    return f"{code['commit'][:8]}{branch}, " + (f"{files} not committed" if code["changes"] else "as committed")


def _environment(environment: Mapping[str, Any]) -> str:
    if not environment["id"]:
        return "the machine's own PATH"
    python = f", Python {clean(environment['python'])}" if environment["python"] else ""
    return f"{environment['id'][:8]} from {clean(environment['origin'])}{python}"


def _file(file: Mapping[str, Any]) -> Line:
    sign, style = _SIGNS[file["how"]]
    return Cell(f"  {sign} ", style), Cell(clean(file["path"]))


def _package(package: Mapping[str, Any], wide: int) -> Line:
    base, run = package["base"], package["run"]
    sign, style = _SIGNS["added" if base is None else "removed" if run is None else "changed"]
    versions = " → ".join(clean(version) for version in (base, run) if version is not None)
    return Cell(f"  {sign} ", style), Cell(f"{fit(clean(package['name']), wide)}  "), Cell(versions, style)
