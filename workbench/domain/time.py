"""Time as the history keeps it: microseconds since the epoch, UTC, one int. Durations are seconds."""

from __future__ import annotations

import re

from workbench.errors import UsageError

Micros = int
"""Microseconds since 1970-01-01 UTC."""

SECOND: Micros = 1_000_000

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def parse_duration(text: str) -> float:
    """Seconds in `90`, `30s`, `2h`, `1h30m`, `1.5d`. Raises UsageError."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    elif re.fullmatch(rf"(?:{_DURATION.pattern})+", text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    else:
        raise UsageError(f"{text!r} is not a duration", hint="write 90s, 30m, 2h, 1h30m or 1d")
    if not 0 < seconds < 10 * 365 * 86400:
        raise UsageError(f"{text!r} is not a duration between a moment and ten years")
    return seconds


def parse_moment(text: str, now: Micros) -> Micros:
    """`20:00`: the last such time here; `2d`: so long ago; `2026-11-21` or `2026-11-21 20:00`: in local time, unless
    an offset says otherwise. Raises UsageError."""
    from datetime import datetime, timedelta  # a prompt that lists runs does without

    text = text.strip()
    today = datetime.fromtimestamp(now // SECOND).astimezone()
    try:
        if found := re.fullmatch(r"(\d{1,2}):(\d\d)", text):
            moment = today.replace(hour=int(found[1]), minute=int(found[2]), second=0)
            if moment > today:
                moment = (moment.replace(tzinfo=None) - timedelta(days=1)).astimezone()
        elif re.fullmatch(r"\d+(\.\d+)?[smhdw].*", text):
            return now - int(parse_duration(text) * SECOND)
        else:
            moment = datetime.fromisoformat(text).astimezone()
        return int(moment.timestamp()) * SECOND
    except (ValueError, OverflowError, OSError):
        hint = "write 20:00, 2d, 2026-11-21 or 2026-11-21T20:00"
        raise UsageError(f"{text!r} is not a moment", hint=hint) from None


def format_duration(seconds: float) -> str:
    """`12s`, `4m 05s`, `2h 07m`, `3d 04h`: two units at most, as wide as they need be."""
    whole = int(max(0.0, seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02d}h"


def format_about(seconds: float) -> str:
    """`12s`, `14m`, `2h 07m`: no finer than an estimate is."""
    text = format_duration(seconds)
    return text.partition(" ")[0] if seconds < 3600 else text
