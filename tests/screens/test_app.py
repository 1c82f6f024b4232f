from __future__ import annotations

from pathlib import Path

from textual.widgets._toast import ToastHolder

from tests.screens.driver import Person, open_app
from tests.screens.made_up import World, a_team
from workbench import commands
from workbench.commands import COMMANDS, EVERYWHERE, FOOTER, SCOPES
from workbench.keymap import Keymap
from workbench.present.cells import plain, width
from workbench.widgets.lines import Lines


async def test_numbers_lead_from_screen_to_screen(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("3")
        await person.sees("GPU use")
        await person.press("1")
        await person.sees("vision/defects")
        await person.press("4")
        await person.sees("brave-sunset-12  ▶ running")
        await person.press("escape", "2", "j", "4")
        await person.sees("calm-river-13  ▶ running")
        await person.press("escape")
        await person.sees("enter open")


async def test_there_may_be_no_run_to_go_to(tmp_path: Path) -> None:
    async with open_app(World(), tmp_path) as (person, _):
        await person.sees("No runs yet.")
        await person.press("4")
        await person.hears("there is no run to show yet")


async def test_the_keys_of_a_screen(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 60)) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("?")
        screen = await person.sees("keys of queue")
        for scope in ("queue", "list", "app"):
            assert all(command.help in screen for command in Keymap().of(scope))
        await person.press("escape")
        await person.loses("keys of queue")


async def test_keys_are_told_whole_on_a_small_screen(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (80, 24)) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("?")
        await person.sees("keys of queue")
        lines = [plain(line) for line in person.app.screen.query_one(Lines).lines]
        said = " ".join(" ".join(lines).split())
        assert all(command.help in said for scope in ("queue", "list", "app") for command in Keymap().of(scope))
        assert max(map(width, lines)) <= person.app.screen.query_one(Lines).size.width


async def test_the_palette_finds_commands(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("ctrl+p")
        await person.type("machines")
        await person.sees("Machines: load, memory")
        await person.press("enter")
        await person.until(lambda: "GPU use" in person.text(), "the machines")


async def test_the_palette_has_the_commands_of_the_tab_in_front(tmp_path: Path) -> None:
    """Each goes where its key would: `e` is the log's before it is the run's, whose `edit` is found all the same."""
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.press("ctrl+p")
        await person.type("wrap")
        await person.sees("Wrap long lines, or cut them  (w)")
        await person.press("enter")
        await person.sees("wrapped")
        await person.press("ctrl+p")
        await person.type("edit")
        await person.sees("Edit it while it waits")
        await person.press("enter")
        await person.hears("only a waiting run can be edited")
        await person.press("]", "ctrl+p")
        await person.type("log scale")
        await person.sees("Logarithmic in y")
        await person.press("enter")
        await person.sees("log y")


async def test_the_log_of_commands(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("h", "3", "2", "r", "c", "y")
        await person.press("@")
        await person.sees(
            "$ workbench machines", "$ workbench rerun brave-sunset-12", "$ workbench cancel brave-sunset-12"
        )


async def test_the_log_of_commands_is_whole_and_opens_at_its_end(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        for number in range(30):
            person.app.note_command(f"show run-{number}")
        person.app.note_command("compare " + " ".join(f"some-other-run-{number}" for number in range(12)))
        await person.press("@")
        await person.sees("show run-29", "some-other-run-11")


async def test_an_engine_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await engine.stop()
        await person.sees("engine stopped; reconnecting", "brave-sunset-12")
        await person.press("j", "r")
        await person.hears("the engine is away")
        engine.world.logs["r0000012"] = "after the storm\n"
        await engine.start()
        await person.loses("reconnecting")
        await person.press("k", "enter")
        await person.sees("after the storm")


async def test_a_log_is_followed_across_a_break(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, engine):
        await person.sees("epoch  7/40")
        await engine.stop()
        await person.sees("reconnecting")
        engine.world.logs["r0000012"] += "still here\n"
        await engine.start()
        screen = await person.sees("still here")
        assert screen.count("epoch  7/40") == 1


async def test_q_leaves(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("q")
        await person.until(lambda: person.app.return_value == 0, "the end")


async def test_a_change_repaints_few_cells(tmp_path: Path) -> None:
    """Over a slow line only what changed may travel: no full repaint for a new metric."""
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, engine):
        await person.sees("brave-sunset-12", "┤")
        await person.settle()
        written: list[int] = []
        screen = person.app.screen
        compositor = screen._compositor
        render = compositor.render_update

        def counted(*args: object, **kwargs: object) -> object:
            regions = list(compositor._dirty_regions)
            written.append(sum(region.area for region in regions))
            return render(*args, **kwargs)  # type: ignore[arg-type]

        compositor.render_update = counted  # type: ignore[method-assign, assignment]
        await engine.tell("metrics", {"runs": {"r0000014": {"loss": 0.1111}}})
        await person.sees("0.1111")
        await person.until(lambda: sum(written) > 0, "something written")
        await person.settle()
        assert sum(written) < 40


def test_every_command_is_said_once_and_fits_its_place() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert {command.scope for command in COMMANDS} == {*SCOPES, *EVERYWHERE, "list"}
    for scope in SCOPES:
        assert 1 <= len(Keymap().footer(scope)) <= FOOTER
        together = [key for part in (scope, *EVERYWHERE) for command in Keymap().of(part) for key in command.keys]
        assert len(set(together)) == len(together), f"a key stands for two things on {scope}"


def test_every_binding_can_be_remapped() -> None:
    for scope in ("app", "list", *SCOPES):
        for binding, command in zip(commands.bindings(scope), Keymap().of(scope), strict=True):
            assert getattr(binding, "id", None) == command.id


async def test_messages_that_pile_up_leave_the_list_readable(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, messages=True) as (person, _):
        await person.sees("brave-sunset-12")
        for key, says in (
            ("O", "one direction"),
            ("K", "no run to change"),
            ("=", "mark two"),
            ("z", "nothing to undo"),
        ):
            await person.press(key)
            await person.sees(says)
        await person.loses("one direction")
        assert sum("▌" in line for line in person.text().splitlines()) <= 5
        await person.press("=", "=")
        await person.until(lambda: person.text().count("mark two") == 1 and len(shown(person)) <= 3, "it said once")


def shown(person: Person) -> list[ToastHolder]:
    """Messages on screen, and what is left of others."""
    return list(person.app.screen.query(ToastHolder))
