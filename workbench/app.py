"""The terminal interface: holds the connection and the snapshot, and leads from screen to screen."""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.notifications import Notify
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input

from workbench import commands, dress, left, personal, screens, terminal, themes, views
from workbench.client.ahead import Ahead
from workbench.client.mirror import Snapshot, fold, keep, learn, learn_trends, note
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.domain.view import View
from workbench.errors import ConfigError, EngineError, WorkbenchError
from workbench.jump import Place
from workbench.keymap import Keymap
from workbench.left import Left
from workbench.link import Link, Road
from workbench.messages import EngineConnected, EngineLost, SnapshotChanged
from workbench.personal import Personal
from workbench.present.cells import Cell, Line
from workbench.present.facts import wrap
from workbench.present.first_screen import NO_RUNS
from workbench.present.sanitise import clean, one_line
from workbench.present.status_line import status_line
from workbench.screens.base import Panel
from workbench.screens.dialog import FRAME, Notice
from workbench.screens.errand import errand
from workbench.screens.handover import beside, hand_over
from workbench.screens.turns import Turns
from workbench.screens.undo import Step, remember, undo
from workbench.settings import load_user
from workbench.widgets.colourless import colourless
from workbench.widgets.said import make_room

PROMPT = "$ "
KEYS = 12
"""Columns of the keys beside what they do."""

_SCREENS = {"keys": "keys", "commands": "command_log", "quit": "leave"}
"""Actions of the places that are no screen of their own."""
READ_SECONDS = 1.0
"""After the start, until the screens behind the first one are read."""
REMEMBER_SECONDS = 2.0
"""After a key, until the place is kept where one is."""
REMEMBERED = 4000
"""Runs in the snapshot before those that nobody looks at are dropped."""


def _system_clock() -> Micros:
    return time.time_ns() // 1000


class Workbench(App[int]):
    TITLE = "workbench"
    CSS_PATH = "screens/base.tcss"
    BINDINGS = commands.bindings("app")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "projects": lambda: screens.ProjectsScreen(),
        "queue": lambda: screens.QueueScreen(),
        "machines": lambda: screens.MachinesScreen(),
    }
    DEFAULT_MODE = "queue"
    EVERYWHERE: ClassVar[tuple[str, ...]] = ("app",)
    """Scopes of keys that hold on all screens."""

    def __init__(
        self,
        screen: str = "",
        run: str = "",
        *,
        mine: Personal | None = None,
        socket: str | None = None,
        ahead: Ahead | None = None,
        road: Road | None = None,
        clock: Callable[[], Micros] = _system_clock,
        user: str = "",
        memory: str = "",
        knows_images: bool = False,
    ) -> None:
        """screen: where to begin. run: one to open at once. mine: the user's own settings, read if not given.
        socket: of an engine that runs, else the user's own. ahead: what it was asked already. road: instead of both.
        knows_images: whether the terminal draws them (`terminal.knows_images`)."""
        self._mine = mine or personal.read()
        super().__init__()
        if self.no_color:
            self._filters = colourless(self._filters)
        self.knows_images = knows_images
        self._memory, self._remembering = memory, False
        self.left = self._kept = left.load(memory) if memory else Left()
        self._first, self._first_run = (screen, run) if screen or run else (self.left.screen, self.left.opened)
        self._link, self._clock = road or Link(socket, ahead), clock
        self._turns = Turns(self, self.on_event)
        self._counting = False
        self._counted_order = -1
        self._commands: list[str] = []
        self.snapshot = Snapshot()
        self.marks: dict[str, str] = {}
        self.user = user or pwd.getpwuid(os.getuid()).pw_name
        self._steps: list[Step] = []
        self.numbers: dict[str, int] = {}
        self.here = ""
        self._dress()
        for name in BUILTIN_THEMES:
            if name not in self._mine.palettes and self._mine.palettes:
                self.unregister_theme(name)

    # What screens ask for.

    @property
    def ink(self) -> Mapping[str, str]:
        palette = self._mine.palettes.get(self.theme)
        return palette.ink if palette else {}

    @property
    def keys(self) -> Keymap:
        return self._mine.keys

    def footer(self, *scopes: str, idle: Collection[str] = ()) -> tuple[commands.Command, ...]:
        return self.keys.footer(*scopes, idle=idle)

    @property
    def connected(self) -> bool:
        return self._link.connected

    @property
    def trouble(self) -> str:
        return self._link.trouble

    def now(self) -> Micros:
        return self._clock()

    @property
    def no_runs(self) -> Sequence[str]:
        return NO_RUNS

    @property
    def badge(self) -> Line:
        """What stands first in every status line."""
        return ()

    def status_line(self, title: str, columns: int) -> Line:
        return status_line(self.badge, title, len(self.marks), self.snapshot.machines, self.numbers, columns)

    async def ask(self, verb: str, **params: Any) -> dict[str, Any]:
        return await self._link.ask(verb, **params)

    async def act(self, cli: str, verb: str, **params: Any) -> dict[str, Any] | None:
        self.note_command(cli)
        try:
            return await self.ask(verb, **params)
        except WorkbenchError as problem:
            self.say(f"{problem.message}. {problem.hint}".removesuffix(". "), trouble=True)
            return None

    def did(self, step: Step) -> None:
        remember(self._steps, step)

    async def undo(self) -> None:
        await undo(self._steps, self.say)

    def note_command(self, cli: str) -> None:
        if not self._commands or self._commands[-1] != cli:
            self._commands.append(cli)

    def learn(self, page: Mapping[str, Any]) -> None:
        self.snapshot = learn(self.snapshot, page)
        if len(self.snapshot.rows) > REMEMBERED:
            self.snapshot = keep(
                self.snapshot, {id for panel in self._panels() for id in panel.looked_at()} | set(self.marks)
            )

    def learn_trends(self, reply: Mapping[str, Any]) -> None:
        self.snapshot = learn_trends(self.snapshot, reply["series"])

    def learn_reasons(self, reasons: Mapping[str, str]) -> None:
        self.snapshot = fold(self.snapshot, "waits", {"runs": reasons})

    def learn_wish(self, runs: Iterable[str], wanted: bool) -> None:
        self.snapshot = note(self.snapshot, runs, wanted)
        self._tell(SnapshotChanged())

    def say(self, text: str, trouble: bool = False) -> None:
        self.notify(clean(text), severity="error" if trouble else "information", timeout=6, markup=False)

    def on_notify(self, event: Notify) -> None:
        make_room(self, event.notification)

    def show_run(self, run: str) -> None:
        errand(self, partial(self._show_run, run), "show")

    async def _show_run(self, reference: str) -> None:
        if row := self.snapshot.rows.get(reference):
            id, name = row.run.id, row.run.name
        else:
            try:
                shown = (await self.ask("show", run=reference))["run"]
            except WorkbenchError as problem:
                self.say(problem.message, trouble=True)
                return
            id, name = shown["id"], shown["name"]
        self.here = id
        self.note_command(f"show {clean(name)}")
        if isinstance(self.screen, screens.RunScreen):
            await self.pop_screen()
        await self.push_screen(screens.RunScreen(id))

    async def show_runs(self, filter: str = "", project: str = "") -> None:
        await self._to_mode("queue")
        if isinstance(self.screen, screens.QueueScreen) and (filter or project):
            self.screen.narrow(filter, project)

    @property
    def views(self) -> Mapping[str, View]:
        try:
            return views.load()
        except ConfigError as problem:
            self.say(problem.message, trouble=True)
            return {}

    async def show_view(self, name: str) -> None:
        await self._to_mode("queue")
        if isinstance(self.screen, screens.QueueScreen) and (view := self.views.get(name)):
            self.screen.show(view)

    async def show_machine(self, machine: str) -> None:
        await self._to_mode("machines")
        if isinstance(self.screen, screens.MachinesScreen):
            self.screen.point(machine)

    async def show_comparison(self, runs: list[str]) -> None:
        if len(runs) < 2:
            self.say("mark two runs or more with space, then press =")
            return
        names = [self.marks.get(run, run) for run in runs]
        self.note_command("compare --best " + " ".join(map(clean, names)))
        await self.push_screen(screens.CompareScreen(runs))

    async def edit(self, run: str) -> None:
        """Hand the terminal to $EDITOR by way of the command line, and take it back."""
        self.note_command(f"edit {run}")
        await hand_over(self, "edit", run)

    async def open_file(self, run: Run, name: str, text: bool) -> None:
        """In a pager, which gets the terminal; anything else opens beside it, or is said to lie somewhere."""
        self.note_command(shlex.join(["open", clean(run.name), clean(name)]))
        if text:
            await hand_over(self, "open", run.id, name)
            return
        done, said = await beside("open", run.id, name)
        if said:
            self.say(said, trouble=not done)

    async def copy(self, text: str, called: str = "") -> None:
        if not (terminal.in_tmux() and await terminal.copy_by_tmux(text)):
            self.copy_to_clipboard(text)
        self.say(f"copied {called or text}")

    @property
    def clipboard(self) -> str:
        """What ctrl+v puts into a line: a whole sheet may have been copied."""
        return one_line(super().clipboard)

    # The user's own files.

    async def _follow_files(self) -> None:
        async for _ in personal.changes():
            before, self._mine = self._mine, personal.read(self._mine)
            for problem in self._mine.problems:
                self.say(problem.message, trouble=True)
            self._dress(asked=self._mine.theme != before.theme)
            if isinstance(self.screen, Panel):
                self.screen.draw_keys()

    def _dress(self, asked: bool = True) -> None:
        """Keys and colours as the files say. asked: the theme is that of config.toml, else the one in use."""
        self.set_keymap(self.keys.changed())
        palettes = self._mine.palettes
        for palette in palettes.values():
            self.register_theme(dress.theme(palette))
        wanted = self._mine.theme if asked else self.theme
        if wanted not in palettes:
            wanted = themes.DEFAULT
        if wanted == self.theme:
            self._watch_theme(wanted)  # the name is the same, the colours may be others
        elif wanted in palettes:
            self.theme = wanted

    # The engine.

    def on_mount(self) -> None:
        for problem in self._mine.problems:
            self.say(problem.message, trouble=True)
        errand(self, partial(self._link.stay, self), "link")
        errand(self, self._follow_files, "files")
        self.set_timer(READ_SECONDS, self._read_screens)
        if self._first in self.MODES:
            errand(self, partial(self._to_mode, self._first))

    def _read_screens(self) -> None:
        errand(self, partial(asyncio.to_thread, screens.read), "screens")

    async def engine_came(self) -> None:
        try:
            self.snapshot = fold(self.snapshot, "machines", await self.ask("machines"))
            await self._recount()
        except EngineError:
            raise
        except WorkbenchError as problem:
            self.say(problem.message, trouble=True)
        self._tell(EngineConnected())
        self._tell(SnapshotChanged())
        if self._first_run and self.connected:
            self.show_run(self._first_run)
            self._first_run = ""

    def engine_said(self, method: str, params: Mapping[str, Any]) -> None:
        self.snapshot = fold(self.snapshot, method, params)
        if method == "notice":
            self._notice(params)
        if self.snapshot.order != self._counted_order and not self._counting:
            self._counting = True
            self.set_timer(0.2, self._recount_now)
        self._tell(SnapshotChanged())

    def _notice(self, notice: Mapping[str, Any]) -> None:
        """A run is over of which one asked to hear: by the ways that config.toml names."""
        how = self._mine.notify.how
        if "app" in how:
            self.say(notice["text"], trouble=notice["status"] != "finished")
        if "bell" in how:
            self.bell()
        if "osc9" in how:
            self.write(terminal.message(notice["text"], terminal.in_tmux()))

    def write(self, sequence: str) -> None:
        """An escape sequence of ours to the terminal, in turn with what is drawn."""
        if self._driver:
            self._driver.write(sequence)

    def engine_went(self) -> None:
        self._tell(EngineLost())

    def _recount_now(self) -> None:
        errand(self, self._recount, "count")

    async def _recount(self) -> None:
        self._counting, self._counted_order = False, self.snapshot.order
        try:
            self.numbers = (await self.ask("status"))["counts"]
        except WorkbenchError:
            return  # the banner speaks of a lost engine; the next change counts again
        self._tell(SnapshotChanged())

    def _tell(self, message: EngineConnected | EngineLost | SnapshotChanged) -> None:
        """The screen in front. Those behind it look for themselves when they come to the front."""
        if isinstance(self.screen, Panel):
            self.screen.post_message(message)

    def _panels(self) -> list[Panel]:
        return [screen for screen in self.screen_stack if isinstance(screen, Panel)]

    # Keys.

    async def on_event(self, event: events.Event) -> None:
        """A key is dealt with before the next one is looked at: behind `/` come letters, in the same packet, and they
        are for the line that it opens. Textual would have handed them to the list by then; and to the line what comes
        behind the enter that closes it."""
        if isinstance(event, events.Key | events.MouseUp):
            self._remember_soon()
        if isinstance(event, events.Paste):
            event.text = one_line(event.text)
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        line = self.focused if isinstance(self.focused, Input) else None
        if self._turns.keeps(event) or (line is None and await self._check_bindings(event.key)):
            return
        await super().on_event(event)
        if line and not line.check_consume_key(event.key, event.character):
            self._turns.begin(line)

    # What is kept for the next time.

    def _remember_soon(self) -> None:
        """Nothing moves unless somebody pressed something. A moment later, for whoever loses the terminal."""
        if self._memory and not self._remembering:
            self._remembering = True
            self.set_timer(REMEMBER_SECONDS, self._remember)

    def _remember(self) -> None:
        self._remembering = False
        opened = self.screen.run_here if isinstance(self.screen, screens.RunScreen) else ""
        now = replace(self.left, screen=self.current_mode, opened=opened)
        if self._memory and now != self._kept:
            self._kept = now
            left.save(self._memory, now)

    async def _to_mode(self, mode: str) -> None:
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if self.current_mode != mode:
            await self.switch_mode(mode)

    async def action_go(self, where: str) -> None:
        match where:
            case "run":
                here = self.screen.run_here if isinstance(self.screen, Panel) else ""
                if run := here or self.here or self.left.run:
                    self.show_run(run)
                else:
                    self.say("there is no run to show yet")
            case "compare":
                await self.show_comparison(list(self.marks))
            case _:
                if cli := self.keys.command(f"app.{where}").cli:
                    self.note_command(cli)
                await self._to_mode(where)

    async def action_jump(self) -> None:
        there = screens.JumpScreen()
        await self.push_screen(there, self._jumped)
        there.set_focus(there.query_one("Input"))  # at once: the next key is already on its way

    def _jumped(self, place: Place | None) -> None:
        if place:
            errand(self, partial(self._go_to, place))

    async def _go_to(self, place: Place) -> None:
        match place.kind:
            case "run":
                self.show_run(place.target)
            case "runs":
                await self.show_runs(place.target)
            case "view":
                await self.show_view(place.target)
            case "project":
                await self.show_runs(project=place.target)
            case "compare":
                await self.show_comparison(place.target.split())
            case "machine":
                await self.show_machine(place.target)
            case _:
                await self.run_action(_SCREENS.get(place.target, f"go('{place.target}')"))

    def action_leave(self) -> None:
        self._remember()
        self.exit(0)

    def action_keys(self) -> None:
        scopes = (*(self.screen.scopes if isinstance(self.screen, Panel) else ()), *self.EVERYWHERE)
        lines: list[Line] = []
        for name in scopes:
            for one in self.keys.of(name):
                lines += _key_lines(one, self.size.width - FRAME)
            lines.append(())
        self.push_screen(Notice(f"keys of {scopes[0]}", lines[:-1]))

    def action_command_log(self) -> None:
        columns = self.size.width - FRAME - len(PROMPT)
        lines: list[Line] = [
            (Cell(PROMPT if not number else " " * len(PROMPT), "dim"), Cell(part))
            for line in self._commands
            for number, part in enumerate(wrap(f"workbench {line}", columns))
        ]
        self.push_screen(Notice("what your keys stood for", lines or [(Cell("nothing yet", "dim"),)], latest=True))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every command that has a meaning here, those of the tab in front among them, and the themes."""
        scopes = screen.scopes if isinstance(screen, Panel) else ()
        nodes = (screen.focused or screen).ancestors_with_self
        for one in self.keys.of(*scopes, *self.EVERYWHERE):
            if node := next((node for node in nodes if _has(node, one)), None):
                yield SystemCommand(one.title, f"{one.help}  ({one.shown})", partial(self.run_action, one.action, node))
        for name in self._mine.palettes:
            yield SystemCommand(f"theme {name}", "Colours", partial(self._use_theme, name))
        for name, view in self.views.items():
            yield SystemCommand(f"view {name}", view.filter or "Every run", partial(self.show_view, name))

    def _use_theme(self, name: str) -> None:
        self.theme = name


def _has(node: DOMNode, command: commands.Command) -> bool:
    """Whether it is this node that the command is carried out by."""
    return any(getattr(binding, "id", None) == command.id for binding in node.BINDINGS)


def _key_lines(command: commands.Command, columns: int) -> list[Line]:
    """Its keys, and what they do beside them, on as many lines as that takes."""
    keys = " ".join(map(commands.short, command.keys[:2]))
    parts = wrap(command.help, columns - KEYS)
    return [(Cell(f"{'' if number else keys:<{KEYS}}", "key"), Cell(part)) for number, part in enumerate(parts)]


def run_app(screen: str = "", run: str = "", ahead: Ahead | None = None) -> int:
    """Open the interface; the exit code when it is left. screen: projects, queue or machines. ahead: what the engine
    was asked already.

    Raises ConfigError where config.toml is wrong, or names a theme that there is not.
    """
    load_user()
    mine = personal.read()
    if mine.theme not in mine.palettes:
        known = ", ".join(sorted(mine.palettes))
        raise ConfigError(f"no theme is called {mine.theme!r}", hint=f"there are {known}")
    return (
        Workbench(screen, run, mine=mine, memory=left.path(), ahead=ahead, knows_images=terminal.knows_images()).run()
        or 0
    )
