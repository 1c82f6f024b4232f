from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.driver import open_app
from tests.screens.made_up import NOW, World, a_team, attempt, many, run
from workbench import views
from workbench.domain.status import Held, Queued, Running
from workbench.domain.view import View
from workbench.errors import Refused
from workbench.screens.queue import QueueScreen


async def test_preparing_shows_how_far_it_is_and_moves(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, engine):
        await person.sees("███▎····  17/42")
        preparing = engine.world.find("quiet-ember-15").id
        sent = {"what": "sending wheels", "done": 3_500_000, "total": 7_000_000, "unit": "bytes"}
        await engine.tell("progress", {"runs": {preparing: sent}})
        await person.sees("████····  50%")
        await person.press("j", "j", "j")
        await person.sees("sending wheels  ████····  3.5 MB of")
        await person.press("enter")
        await person.sees("quiet-ember-15  ▷ preparing", "building the environment  ███▎····  17 of 42 packages")


async def test_at_80_columns_one_list_says_it_all(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        screen = await person.sees("brave-sunset-12", "▶ running", "12:04", "held by alice", "✗ failed 137")
        assert "loss" in screen.splitlines()[1]
        assert "a GPU with 24 GB free" in await person.sees("a GPU with 24 GB free")
        footer = screen.splitlines()[-1]
        assert footer.strip() == "enter open   space mark   c cancel   = compare   / filter   ? keys"
        assert "came from" not in screen


async def test_from_120_columns_the_run_stands_beside_the_list(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, _):
        await person.sees("for 12m 04s on gpu3", "lr 0.01  depth 6  seed 3", "┤", "epoch  7/40")
        await person.press("j")
        await person.sees("lr 0.03  depth 6  seed 3")


async def test_a_sparkline_where_a_run_goes_on(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("▃▂▁▁")


async def test_rows_change_as_the_engine_tells(tmp_path: Path) -> None:
    world = a_team()
    async with open_app(world, tmp_path) as (person, engine):
        await person.sees("lucid-dawn-16")
        waiting = world.find("lucid-dawn-16")
        await engine.tell("waits", {"runs": {waiting.id: "node7 to come back"}})
        await person.sees("node7 to come back")
        await engine.change(replace(waiting, status=Running(attempt("gpu1"), NOW)), "started")
        await person.loses("node7 to come back")
        world.curves["r0000012"]["loss"].append(0.1234)
        await engine.tell("metrics", {"runs": {"r0000012": {"loss": 0.1234}}})
        await person.sees("0.1234")


async def test_a_new_run_appears_without_being_asked_for(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12", "19 runs")
        await engine.change(run(20, "newcomer-20", Queued(NOW)), "submitted")
        await person.sees("newcomer-20", "20 runs")


async def test_the_cursor_stays_on_its_run(tmp_path: Path) -> None:
    world = a_team()
    async with open_app(world, tmp_path, (120, 36)) as (person, engine):
        await person.sees("lucid-dawn-16")
        await person.press("j", "j", "j", "j")
        await person.sees("waits for")
        await engine.change(run(1000, "first-1000", Running(attempt(), NOW)), "started")
        await person.sees("first-1000")
        table = person.app.query_one("#runs")
        await person.until(lambda: getattr(table, "cursor", 0) == 5, "the cursor one row further down")


async def test_only_pages_are_fetched_of_a_long_history(tmp_path: Path) -> None:
    async with open_app(many(100_000), tmp_path) as (person, engine):
        await person.sees("100,019 runs")
        await person.press("G")
        await person.sees("warm-delta-4")
        await person.press("g")
        await person.sees("brave-sunset-12")
        assert all(asked["limit"] <= 500 for asked in engine.called("runs"))
        assert len(person.app.snapshot.rows) < 5000


async def test_paging_through_fetches_what_comes_into_view(tmp_path: Path) -> None:
    async with open_app(many(1000), tmp_path) as (person, engine):
        await person.sees("1,019 runs")
        for _ in range(30):
            await person.press("ctrl+d")
        await person.until(lambda: "·" not in person.text().splitlines()[5], "rows that were fetched")
        assert max(asked["offset"] for asked in engine.called("runs")) > 100


async def test_a_filter_narrows_and_escape_widens_again(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("/")
        await person.type("river")
        await person.press("enter")
        await person.loses("brave-sunset-12")
        await person.sees("1 run  river", "calm-river-13")
        assert engine.called("runs")[-1]["filter"] == "river"
        await person.press("escape")
        await person.sees("brave-sunset-12")


async def test_letters_in_one_packet_with_the_slash_are_the_filter_and_no_commands(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.burst("jj/river")
        await person.sees(" / river")
        await person.press("enter")
        await person.sees("1 run  river")
        assert not engine.called("rerun")
        await person.press("escape")
        await person.sees("19 runs")
        await person.burst(":runs ember")
        await person.sees(" : runs ember")


async def test_keys_in_one_packet_with_the_enter_are_for_the_list(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.burst([*"/loss<1", "enter", "j", "j", "/", *"X", "escape", "space"])
        await person.sees("runs  loss<1", "1 marked")
        assert engine.called("runs")[-1]["filter"] == "loss<1"
        assert [*person.app.marks.values()] == ["keen-falcon-14"]


async def test_the_prompt_offers_what_may_come_next(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12", "0.2545")
        await person.press("/")
        await person.sees("is:live  loss<0.3")
        await person.type("va")
        await person.sees("val_loss<")
        await person.press("tab")
        await person.sees(" / val_loss<")
        await person.type("0.4 @gp")
        await person.sees("gpu1   gpu3")
        await person.press("down", "right")
        await person.sees(" / val_loss<0.4 @gpu3")
        await person.press("enter")
        await person.until(lambda: engine.called("runs")[-1].get("filter") == "val_loss<0.4 @gpu3", "the filter asked")


async def test_a_filter_that_makes_no_sense_is_pointed_at(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("/")
        await person.type("lr= AND")
        await person.press("enter")
        await person.sees("▼")
        trouble, typed = person.text().splitlines()[-2:]
        assert typed.startswith(" / lr= AND")
        assert 3 <= trouble.index("▼") <= 11
        await person.press("escape")
        await person.sees("? keys", "brave-sunset-12")
        await person.press("@")
        await person.sees("what your keys stood for")
        assert "AND" not in person.text()


async def test_a_filter_that_makes_sense_is_a_command_to_copy(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("/")
        await person.type("calm")
        await person.press("enter")
        await person.sees("1 run ", "calm-river-13")
        await person.press("@")
        await person.sees("workbench runs calm")


async def test_a_filter_that_nothing_fits_says_so(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("/")
        await person.type("zebra")
        await person.press("enter")
        await person.sees("Nothing fits.", "esc shows all runs")


async def test_an_empty_history_teaches(tmp_path: Path) -> None:
    async with open_app(World(), tmp_path) as (person, _):
        await person.sees("No runs yet.", "workbench demo", "workbench run -- python train.py")


async def test_cancel_asks_and_names_run_and_owner(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("c")
        await person.sees("Cancel brave-sunset-12?", "of alice")
        await person.press("enter")
        await person.loses("Cancel brave-sunset-12?")
        assert not engine.called("cancel")
        await person.press("c", "y")
        await person.until(lambda: engine.called("cancel") == [{"runs": ["r0000012"]}], "the engine to be asked")
        await person.sees("⊘ cancelled")


async def test_marked_runs_are_cancelled_together(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press(" ", " ")
        await person.sees("2 marked")
        await person.press("c")
        await person.sees("Cancel 2 runs?", "calm-river-13")
        await person.press("y")
        await person.until(lambda: engine.called("cancel") == [{"runs": ["r0000012", "r0000013"]}], "both cancelled")


async def test_a_question_names_owners_and_counts_the_rest(tmp_path: Path) -> None:
    world = a_team()
    for seq in range(200, 220):
        world.put(run(seq, f"sweep-{seq}", Queued(NOW)))
    async with open_app(world, tmp_path) as (person, engine):
        await person.sees("amber-lake-17")
        await person.press("j", "j", "j", "j", "v")
        await person.sees("range of 1")
        await person.press(*"jjjjjjjjjjjjj")
        await person.sees("range of 14: v marks it")
        await person.press("v")
        await person.sees("14 marked")
        await person.press("h")
        await person.sees("Hold 14 runs?", "of bob", "of alice", "and 2 more; 2 users")
        await person.press("y")
        await person.until(lambda: [len(asked["runs"]) for asked in engine.called("hold")] == [14], "one order for all")


async def test_a_range_is_marked_before_the_next_key_acts_on_it(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.burst("vjvc")
        await person.sees("Cancel 2 runs?")
        await person.press("n", "u")
        await person.loses("Cancel 2 runs?")
        await person.burst("vkc")
        await person.sees("Cancel 2 runs?")
        await person.press("n")
        await person.sees("2 marked", "brave-sunset-12")


async def test_marks_outlive_a_filter_another_page_and_another_screen(tmp_path: Path) -> None:
    async with open_app(many(1000), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press(" ", "G")
        await person.sees("warm-delta-4")
        await person.press("g", "j")
        await person.sees("calm-river-13")
        await person.press(" ", "3")
        await person.sees("GPU use", "2 marked")
        await person.press("2", "/")
        await person.burst("ember")
        await person.press("enter")
        await person.sees("1 run  ember", "2 marked")
        await person.press("r")
        await person.sees("Submit again 2 runs?", "brave-sunset-12", "calm-river-13")
        await person.press("y")
        await person.until(lambda: len(engine.called("rerun")) == 2, "both again")


async def test_a_range_longer_than_what_is_known_is_asked_for(tmp_path: Path) -> None:
    async with open_app(many(3000), tmp_path) as (person, engine):
        await person.sees("3,019 runs")
        await person.press("v", "G")
        await person.sees("warm-delta-4", "range of 3,019")
        await person.press("v")
        await person.sees("3,019 marked")
        assert max(asked["limit"] for asked in engine.called("runs")) == 1000
        await person.press("u")
        await person.loses("marked")
        await person.press("z")
        await person.sees("3,019 marked")


async def test_escape_leaves_a_range_and_keeps_the_marks(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(" ", "v", "j")
        await person.sees("range of 2", "1 marked")
        await person.press("escape")
        await person.loses("range of")
        await person.sees("1 marked", "•brave-sunset-12")


async def test_hold_release_and_move_are_undone_and_a_cancel_says_that_it_cannot_be(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("z")
        await person.hears("nothing to undo")
        await person.press("j", "j", "j", "j", "J")
        await person.until(lambda: bool(engine.called("move")), "move")
        await person.press("h")
        await person.sees("by alice")
        await person.press("g", "c", "y")
        await person.sees("⊘ cancelled")
        await person.press("z")
        await person.hears("cancel of brave-sunset-12 can't be undone; r submits it again")
        await person.press("z")
        await person.hears("undone: hold of lucid-dawn-16")
        assert engine.called("release") == [{"runs": ["r0000016"]}]
        await person.press("z")
        await person.hears("undone: move of lucid-dawn-16")
        assert [asked["to"] for asked in engine.called("move")] == ["after r0000017", "before r0000017"]


async def test_undo_works_on_the_page_of_a_run_too(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="lucid-dawn-16") as (person, engine):
        await person.sees("lucid-dawn-16  ⋯ queued")
        await person.press("h")
        await person.sees("lucid-dawn-16  ‖ held")
        await person.press("z")
        await person.hears("undone: hold of lucid-dawn-16")
        assert engine.called("release") == [{"runs": ["r0000016"]}]


async def test_what_belongs_to_somebody_else_is_asked_about(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("amber-lake-17")
        await person.press("j", "j", "j", "j", "j", "h")
        await person.sees("Hold amber-lake-17?", "of bob")
        await person.press("n")
        assert not engine.called("hold")


async def test_sorting_by_what_is_picked_and_the_other_way_round(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12", "0.2545")
        await person.press("O")
        await person.hears("the queue has one direction")
        await person.press("o")
        await person.sees("sort by", "newest")
        await person.type("mloss")
        await person.press("enter")
        await person.sees("by metric.loss ▴", "loss▴")
        await person.press("O")
        await person.sees("by metric.loss ▾", "loss▾")
        assert [asked["order"] for asked in engine.called("runs")][-1] == "-metric.loss"
        assert person.text().splitlines()[2].split()[0] == "calm-river-13"
        await person.press("K")
        await person.hears("only in the queue's own order")
        await person.press("@")
        await person.sees("workbench runs --order -metric.loss")


async def test_columns_are_picked_and_the_rest_gives_way(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12", "0.2545")
        await person.press("M")
        await person.sees("columns", "param.depth")
        await person.type("plr")
        await person.press("tab")
        await person.sees("1 param.lr")
        await person.press("backspace", "backspace", "backspace", "tab", "enter")
        await person.sees("  lr  ", "acc")
        await person.loses("show or hide")
        heads = person.text().splitlines()[1].split()
        assert heads == ["run", "status", "machine", "time", "lr", "acc"]
        assert person.line("calm-river-13").split()[-2] == "0.03"


async def test_a_view_gets_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("/")
        await person.burst("is:over")
        await person.press("enter")
        await person.loses("brave-sunset-12")
        await person.press("S")
        await person.sees("a name for what you see")
        await person.burst("no good")
        await person.press("enter")
        await person.sees("can't be called 'no good'")
        await person.press(*["backspace"] * 5)
        await person.press("enter")
        await person.hears("workbench runs --view no")
        await person.press("escape", "3")
        await person.sees("GPU use")
        await person.press(":")
        await person.type("no")
        await person.sees("view", "is:over")
        await person.press("enter")
        await person.sees("11 runs  is:over")
    assert views.load() == {"no": View("is:over")}


async def test_a_file_of_views_that_is_broken_is_told_of_and_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    file = tmp_path / "home" / "config" / "views.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[a\n")
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.hears("views.toml:1")
        await person.type("machines")
        await person.press("enter")
        await person.sees("GPU use")


async def test_a_bare_ctrl_c_cancels_nothing(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("ctrl+c")
        await person.settle()
        assert not engine.called("cancel")
        assert "brave-sunset-12" in person.text()


async def test_hold_release_rerun_move(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("j", "j", "j", "j", "h")
        await person.until(lambda: engine.called("hold") == [{"runs": ["r0000016"]}], "hold")
        await person.sees("by alice")
        await person.until(lambda: engine.called("runs")[-1]["offset"] == 0, "the list again")
        await person.settle()
        await person.press("r")
        await person.hears("submitted again-fox-99999")


async def test_a_waiting_run_moves_up_past_its_neighbour(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("K")
        await person.hears("there is no run to change places with")
        await person.press("j", "K")
        await person.hears("only waiting runs change places")
        await person.press("j", "j", "j", "j", "K")
        moved = [{"run": "r0000017", "to": "before r0000016"}]
        await person.until(lambda: engine.called("move") == moved, "move")
        said = "move amber-lake-17 --before lucid-dawn-16"
        await person.until(lambda: said in person.app._commands, "the command line")


async def test_a_held_run_moves_among_the_held(tmp_path: Path) -> None:
    world = a_team()
    for id in ("r0000016", "r0000017"):
        world.put(replace(world.runs[id], status=Held(NOW, "by alice")))
    async with open_app(world, tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        rows = [run.id for run in world.ordered()]
        await person.press(*["j"] * rows.index("r0000017"), "K")
        moved = [{"run": "r0000017", "to": "before r0000016"}]
        await person.until(lambda: engine.called("move") == moved, "move")


async def test_a_refusal_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")

        def refuse(run: str, hold: bool = False) -> dict[str, object]:
            raise Refused("the project is over its budget", hint="ask bob")

        monkeypatch.setattr(engine, "do_rerun", refuse)
        await person.press("r")
        await person.hears("the project is over its budget. ask bob")


async def test_the_metric_that_the_project_is_measured_by(tmp_path: Path) -> None:
    world = a_team()
    world.metric = "acc"
    async with open_app(world, tmp_path) as (person, engine):

        def shown() -> str:
            return person.line(" status ").split()[-1]

        await person.until(lambda: shown() == "acc", "the project's metric")
        await person.press("m")
        await person.until(lambda: shown() == "loss", "the next one")
        await engine.change(world.runs["r0000012"], "moved")
        await person.settle()
        assert shown() == "loss", "somebody chose it"


async def test_the_footer_of_an_empty_queue_offers_nothing_that_needs_a_run(tmp_path: Path) -> None:
    world = a_team()
    async with open_app(world, tmp_path) as (person, _):
        await person.sees("brave-sunset-12", "c cancel")
        await person.press("/")
        await person.type("name:nobody")
        await person.press("enter")
        text = await person.sees("Nothing fits.", "/ filter")
        assert not any(one in text for one in ("c cancel", "enter open", "space mark", "= compare"))
        await person.press("escape")
        await person.sees("brave-sunset-12", "c cancel")
        await person.press(" ", "/")
        await person.type("name:nobody")
        await person.press("enter")
        text = await person.sees("Nothing fits.", "1 marked", "c cancel")
        assert "enter open" not in text


async def test_the_first_picture_has_the_metric_of_the_project(tmp_path: Path) -> None:
    """In the list and in its chart beside it; it came with the page, and nothing else was asked for it."""
    world = a_team()
    world.metric = "val_loss"
    async with open_app(world, tmp_path, (200, 50)) as (person, engine):
        await person.until(lambda: bool(engine.called("series")), "curves")
        assert "val_loss" in person.line(" status ")
        wanted = [asked["keys"] for asked in engine.called("series")]
        assert wanted and all(keys[0] == "val_loss" for keys in wanted)


async def test_a_metric_with_a_long_name_has_its_column_beside_the_card(tmp_path: Path) -> None:
    world = a_team()
    for id, curves in [(id, curves) for id, curves in world.curves.items() if curves]:
        world.curves[id] = {"val/accuracy_of_all": next(iter(curves.values()))}
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await person.sees("val/accur… │")


async def test_the_next_metric(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("loss")
        await person.press("m")
        await person.sees("val_loss")


async def test_copying_goes_through_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("y")
        await person.hears("copied r0000012")
        assert person.app.clipboard == "r0000012"
        await person.press("Y")
        await person.hears("copied workbench rerun brave-sunset-12")
        assert person.app.clipboard == "workbench rerun brave-sunset-12"
        await person.press("1")
        await person.sees("latest runs")
        await person.press("y")
        await person.hears("copied churn")
        await person.press("3")
        await person.sees("GPU use")
        await person.press("y")
        await person.hears("copied gpu1")
        assert person.app.clipboard == "gpu1"


async def test_a_click_moves_and_opens(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.pilot.click("#runs", offset=(5, 3))
        await person.pilot.click("#runs", offset=(5, 3))
        await person.until(lambda: not isinstance(person.app.screen, QueueScreen), "the run to open")
        await person.sees("keen-falcon-14  ▶ running")
