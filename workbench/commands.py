"""Every command of the interface, once, with its usual keys: bindings, footers, the `?` screen and the palette are made
from these, by way of the user's keymap (keymap.py).

A command belongs to a scope: `app` works everywhere, `replay` too while a night is played, `list` in every list, the
others on one screen. `cli` is the
command line that does the same; the log of commands (`@`) shows it with its blanks filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import BindingType

FOOTER = 6
"""Keys that a footer shows at most."""


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    """What a keymap names."""
    keys: tuple[str, ...]
    """As typed; the first is the one that is shown."""
    title: str
    help: str
    action: str
    cli: str = ""
    footer: bool = False

    @property
    def scope(self) -> str:
        return self.id.partition(".")[0]

    @property
    def shown(self) -> str:
        return short(self.keys[0])


def _c(id: str, keys: str, title: str, help: str, action: str, cli: str = "", footer: bool = False) -> Command:
    return Command(id, tuple(keys.split()), title, help, action, cli, footer)


_PLOT = "plot {run} {metrics}"

COMMANDS: tuple[Command, ...] = (
    _c("app.projects", "1", "projects", "Projects: goal, counts, best result", "go('projects')"),
    _c("app.queue", "2", "queue", "Runs: live ones, waiting ones and why, then the past", "go('queue')", "runs"),
    _c(
        "app.machines", "3", "machines", "Machines: load, memory, GPUs and who holds them", "go('machines')", "machines"
    ),
    _c("app.run", "4", "run", "The run under the cursor, or the last one looked at", "go('run')", "show RUN"),
    _c("app.compare", "5", "compare", "The marked runs side by side", "go('compare')", "compare RUN..."),
    _c("app.jump", ":", "go to", "Go anywhere: some letters of a name, or `runs lr=0.1`, `compare a b`", "jump"),
    _c("app.help", "?", "keys", "The keys of this screen", "keys", footer=True),
    _c("app.log", "@", "commands", "The command lines that your keys stood for", "command_log"),
    _c("app.back", "escape", "back", "Back to where you came from", "screen.back"),
    _c("app.quit", "q", "quit", "Leave; everything keeps running", "leave"),
    _c("replay.pause", "t", "pause", "Let the time stand still, or go on", "pause", footer=True),
    _c("replay.faster", ".", "faster", "Play it faster, up to an hour a second", "faster", footer=True),
    _c("replay.slower", ",", "slower", "Play it slower, down to as it was", "slower"),
    _c("replay.back", "(", "10 min back", "Ten minutes back", "skip(-10)", footer=True),
    _c("replay.on", ")", "10 min on", "Ten minutes on", "skip(10)", footer=True),
    _c("replay.hour_back", "{", "1 h back", "An hour back", "skip(-60)"),
    _c("replay.hour_on", "}", "1 h on", "An hour on", "skip(60)"),
    _c("list.down", "j down", "down", "One row down", "down"),
    _c("list.up", "k up", "up", "One row up", "up"),
    _c("list.top", "g home", "top", "First row", "top"),
    _c("list.bottom", "G end", "bottom", "Last row", "bottom"),
    _c("list.page_down", "ctrl+d pagedown", "page down", "Half a screen down", "page_down"),
    _c("list.page_up", "ctrl+u pageup", "page up", "Half a screen up", "page_up"),
    _c("projects.open", "enter", "open", "The runs of this project", "open", footer=True),
    _c("projects.copy", "y", "copy name", "Copy the project's name", "copy"),
    _c("queue.open", "enter", "open", "This run: log, metrics, where it came from", "open", "show {run}", True),
    _c("queue.mark", "space", "mark", "Mark or unmark for comparing and for bulk actions", "mark", footer=True),
    _c("queue.range", "v", "range", "Begin a range here; `v` again marks all up to the cursor", "range"),
    _c(
        "queue.cancel",
        "c",
        "cancel",
        "Cancel this run, or the marked ones; asks first",
        "cancel",
        "cancel {runs}",
        True,
    ),
    _c("queue.rerun", "r", "rerun", "Submit the same again: same code, params, environment", "rerun", "rerun {run}"),
    _c("queue.hold", "h", "hold", "Hold a waiting run, or release a held one", "hold", "hold {runs}"),
    _c("queue.compare", "=", "compare", "The marked runs side by side", "compare", "compare {runs}", True),
    _c("queue.filter", "/", "filter", "Show only the runs that fit", "filter", "runs {filter}", True),
    _c("queue.later", "J", "later", "Move a waiting run one place down", "move(1)", "move {run} {to}"),
    _c("queue.sooner", "K", "sooner", "Move a waiting run one place up", "move(-1)", "move {run} {to}"),
    _c(
        "queue.notify",
        "!",
        "tell me",
        "Tell me when it is over, or no more; `!` stands before such a run",
        "tell",
        "notify {runs}",
    ),
    _c("queue.edit", "e", "edit", "Edit a waiting run in $EDITOR", "edit", "edit {run}"),
    _c("queue.copy", "y", "copy id", "Copy the run's id", "copy"),
    _c("queue.copy_rerun", "Y", "copy command", "Copy the command line that submits it again", "copy_rerun"),
    _c("queue.metric", "m", "metric", "Show the next metric in the list", "metric"),
    _c("queue.unmark", "u", "unmark", "Take away all marks", "unmark"),
    _c("queue.undo", "z", "undo", "Take back the last hold, release, move or unmarking", "undo"),
    _c("queue.order", "o", "sort", "Sort by a field, a metric or a param; the same again turns it round", "order"),
    _c("queue.turn", "O", "turn round", "Sort the other way round", "turn_order"),
    _c("queue.columns", "M", "columns", "Choose metrics and params to show as columns", "columns"),
    _c("queue.save", "S", "save view", "Give filter, order and columns a name", "save", "runs --save {name}"),
    _c("machines.open", "enter", "its runs", "The runs of this machine; of a process, its run", "open", footer=True),
    _c(
        "machines.processes",
        "p",
        "processes",
        "What runs there and every process on its GPUs, or the list again",
        "processes",
        footer=True,
    ),
    _c(
        "machines.further",
        "_ -",
        "further",
        "Graphs and peaks over a longer time, up to 30 days",
        "span(1)",
        "machines show {machine} --since {span}",
        True,
    ),
    _c(
        "machines.closer",
        "+",
        "closer",
        "Graphs and peaks over a shorter time",
        "span(-1)",
        "machines show {machine} --since {span}",
    ),
    _c(
        "machines.drain",
        "d",
        "drain",
        "Give it nothing new, which asks first, or give it work again",
        "drain",
        "machines drain {machine}",
        True,
    ),
    _c("machines.copy", "y", "copy name", "Copy the machine's name; of a process, the id of its run", "copy"),
    _c(
        "metrics.choose", "enter", "chart", "Chart this metric with its train or val kin; again: alone", "choose", _PLOT
    ),
    _c("metrics.overlay", "space", "overlay", "Put this metric into the chart, or take it out", "overlay", _PLOT, True),
    _c("chart.zoom_in", "+", "zoom", "Look closer, around the cursor", "look('zoom_in')", footer=True),
    _c("chart.zoom_out", "_ -", "zoom out", "See more again", "look('zoom_out')"),
    _c("chart.right", "right", "read", "Read values at a cursor: the next point", "look('right')", footer=True),
    _c("chart.left", "left", "left", "Read values at a cursor: the point before", "look('left')"),
    _c("chart.earlier", "< shift+left", "earlier", "Where it is zoomed: to the left", "look('earlier')"),
    _c("chart.later", "> shift+right", "later", "Where it is zoomed: to the right", "look('later')"),
    _c("chart.over", "x", "x axis", "Over steps, time, or the metric `epoch`", "look('over')", _PLOT, True),
    _c("chart.scale", "L", "log scale", "Logarithmic in y, in x, in both, in neither", "look('scale')", _PLOT),
    _c("chart.smooth", "s", "smooth", "Smooth by 0.6, by 0.9, not at all", "look('smooth')", _PLOT),
    _c("chart.reset", "0", "whole", "Everything again, without a cursor", "look('reset')"),
    _c("run.next", "]", "next tab", "The next tab", "tab(1)", footer=True),
    _c("run.previous", "[", "tab before", "The tab before", "tab(-1)"),
    _c("run.down", "j down", "down", "Scroll down", "turn(1)"),
    _c("run.up", "k up", "up", "Scroll up", "turn(-1)"),
    _c("run.top", "g home", "top", "To the top", "turn_to(0)"),
    _c("run.bottom", "G end", "bottom", "To the end; a log is followed from there", "turn_to(1)"),
    _c("run.page_down", "ctrl+d pagedown", "page down", "Half a screen down", "turn_page(1)"),
    _c("run.page_up", "ctrl+u pageup", "page up", "Half a screen up", "turn_page(-1)"),
    _c("run.metric", "m", "metric", "Chart the next metric and its kin", "metric", "plot {run} {metric}", True),
    _c("run.cancel", "c", "cancel", "Cancel this run; asks first", "cancel", "cancel {runs}", True),
    _c(
        "run.rerun", "r", "rerun", "Submit the same again: same code, params, environment", "rerun", "rerun {run}", True
    ),
    _c("run.hold", "h", "hold", "Hold it while it waits, or release it", "hold", "hold {runs}"),
    _c("run.notify", "!", "tell me", "Tell me when it is over, or no more", "tell", "notify {runs}"),
    _c("run.undo", "z", "undo", "Take back the last hold, release or move", "undo"),
    _c("run.edit", "e", "edit", "Edit it while it waits, in $EDITOR", "edit", "edit {run}"),
    _c("run.copy", "y", "copy id", "Copy the run's id", "copy"),
    _c("run.copy_rerun", "Y", "copy command", "Copy the command line that submits it again", "copy_rerun"),
    _c(
        "log.search",
        "/",
        "search",
        "Look for a pattern: upwards from the end, else downwards",
        "search",
        "logs {run} --grep {pattern}",
        True,
    ),
    _c("log.next", "n", "next", "The next line that has it", "seek(False)"),
    _c("log.previous", "N", "previous", "The line before that has it", "seek(True)"),
    _c("log.error", "e", "next error", "The next error or traceback", "trouble(False)", "logs {run} --errors", True),
    _c("log.error_before", "E", "error before", "The error or traceback before", "trouble(True)"),
    _c(
        "log.filter",
        "&",
        "filter",
        "Only the lines that fit; with ! before it, the others",
        "filter",
        "logs {run} --grep {pattern}",
    ),
    _c("log.wrap", "w", "wrap", "Wrap long lines, or cut them", "wrap"),
    _c(
        "files.look", "enter", "look inside", "Look inside: text, a table, an image; esc goes back", "look", footer=True
    ),
    _c(
        "files.open", "o", "open", "Open it with a pager, or whatever shows its kind", "open", "open {run} {file}", True
    ),
    _c(
        "files.pull",
        "p",
        "pull",
        "Copy it to a directory; asks where",
        "pull",
        "pull {run} {file} --to {directory}",
        True,
    ),
    _c("files.left", "left", "left", "What stands further left", "aside(-1)"),
    _c("files.right", "right", "right", "What stands further right", "aside(1)"),
    _c("compare.next", "]", "next tab", "The next tab", "tab(1)", footer=True),
    _c("compare.previous", "[", "tab before", "The tab before", "tab(-1)"),
    _c("compare.open", "enter", "open", "The run under the cursor", "open", "show {run}", True),
    _c("compare.base", "b", "base", "Measure the others by the run under the cursor", "base", footer=True),
    _c("compare.best", "v", "best/last", "Of each metric the best value, or the last", "best", footer=True),
    _c("compare.metric", "m", "metric", "Look at the next metric", "metric", footer=True),
    _c("compare.delta", "d", "differences", "Metrics as they are, or as differences to the base run", "delta"),
    _c("compare.order", "o", "best first", "Sort the runs by the metric that is looked at", "order"),
    _c("compare.fold", "f", "equal ones", "Show or fold what is equal", "fold"),
    _c("compare.over", "p", "average over", "Group the runs over the next param, or over seeds again", "over"),
    _c("compare.remove", "X", "remove", "Take this run out of the comparison", "remove"),
    _c("compare.copy", "y", "copy", "Copy what is shown, as Markdown", "copy", footer=True),
    _c("side.left", "left", "left", "The run to the left, or the columns", "screen.sideways(-1)"),
    _c("side.right", "right", "right", "The run to the right, or the columns", "screen.sideways(1)"),
)

SCOPES = ("projects", "queue", "machines", "run", "log", "metrics", "chart", "files", "compare", "side")
LISTS = ("projects", "queue", "machines", "metrics", "files", "compare")
"""Scopes of screens on which the keys of every list hold, too."""
EVERYWHERE = ("app", "replay")
"""Scopes that hold on all screens."""
TABS = (("run", "metrics", "chart"), ("run", "files"), ("compare", "chart"), ("compare", "side"))
"""Scopes that hold together on one tab of a run or of a comparison."""


def short(key: str) -> str:
    """A key as a footer has room for it."""
    return {"escape": "esc", "left": "←", "right": "→"}.get(key, key.replace("ctrl+", "^"))


def bindings(scope: str) -> list[BindingType]:
    from textual.binding import Binding  # `workbench keys` draws nothing

    return [
        Binding(",".join(map(key_name, one.keys)), one.action, one.title, show=False, id=one.id)
        for one in COMMANDS
        if one.scope == scope
    ]


def key_name(typed: str) -> str:
    """Textual reads a lone comma or colon in its own way; everything else goes by the character."""
    return {":": "colon", ",": "comma"}.get(typed, typed)
