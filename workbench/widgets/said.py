"""Passing messages, which lie over what one looks at: each of them once, and no more than leave the list readable."""

from __future__ import annotations

from textual.app import App
from textual.notifications import Notification
from textual.widgets._toast import ToastHolder, ToastRack

MOST = 3


def make_room(app: App[int], new: Notification) -> None:
    """The same words give way, and then the oldest. Textual would leave their empty frames on the screen."""
    said = [old for old in app._notifications if old.message != new.message]
    gone = [old for old in app._notifications if old not in said] + said[: 1 - MOST]
    for old in gone:
        app._unnotify(old, refresh=False)
    frames = {ToastRack._toast_id(old) for old in gone}
    for screen in app.screen_stack:
        for holder in screen.query(ToastHolder):
            if holder.id in frames:
                holder.remove()
