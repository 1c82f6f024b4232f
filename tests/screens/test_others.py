"""Projects, machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.screens.driver import open_app
from tests.screens.made_up import NOW, World, a_team, machine
from workbench.domain.status import Cancelled


async def test_projects_lead_to_their_runs(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="projects") as (person, engine):
        await person.sees("churn", "vision/defects", "1,244", "acc 0.9312", "now", "1d ago")
        await person.press("enter")
        await person.sees("brave-sunset-12", "runs  project=churn")
        assert engine.called("runs")[-1]["filter"] == "project=churn"


async def test_a_project_in_full_beside_the_list(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36), screen="projects") as (person, _):
        await person.sees("predict who leaves within 30", "/home/alice/churn")
        await person.sees("acc 0.9312  resnet50-imagenet-cosine", "latest runs", "┤")
        assert "calm-river-13" in person.line("11:58")
        await person.press("j")
        await person.sees("find scratches on 4k images")
        await person.loses("calm-river-13")


async def test_a_project_in_full_below_the_list(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="projects") as (person, engine):
        await person.sees("acc 0.9312 by resnet50", "▁", "latest runs", "proud-cedar-19")
        assert all(len(line) <= 80 for line in person.text().splitlines())
        await engine.change(replace(engine.world.find("proud-cedar-19"), status=Cancelled(NOW, "alice")), "ended")
        await person.until(lambda: "cancelled" in person.line("proud-cedar-19"), "the change in the list")


async def test_no_projects_teach(tmp_path: Path) -> None:
    async with open_app(World(), tmp_path, screen="projects") as (person, _):
        await person.sees("No projects yet.", "workbench.toml")


async def test_machines_show_load_devices_and_holders(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="machines") as (person, _):
        await person.sees(
            "gpu1", "○ unreachable", "no route to host", "GPU 0", "keen-falcon-14 (alice)", "GPU use  now"
        )
        await person.press("j")
        await person.sees("brave-sunset-12 (alice)")
        await person.press("j")
        await person.sees("no NVIDIA driver")
        await person.loses("GPU use  now")


async def test_machines_are_live(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="machines") as (person, engine):
        await person.sees("gpu1")
        sample = {**machine("gpu1", devices=2)["sample"], "at": NOW + 1, "cpu": 0.99}
        await engine.tell("machines", {"machines": [{**machine("gpu1", devices=2), "history": [], "sample": sample}]})
        await person.sees("99%", "cpu  now 99%  peak 99%")


async def test_a_machine_leads_to_its_runs(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="machines") as (person, engine):
        await person.sees("gpu1")
        await person.press("enter")
        await person.sees("@gpu1", "keen-falcon-14")
        assert engine.called("runs")[-1]["filter"] == "@gpu1"
