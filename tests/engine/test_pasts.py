"""What past runs took: asked rarely, by project."""

from __future__ import annotations

from tests.engine.making import a_run
from workbench.engine.pasts import FRESH, Pasts


class Asked:
    """A history that counts, and a clock."""

    def __init__(self) -> None:
        self.projects: list[str] = []
        self.now = 0.0

    async def durations(self, project: str, limit: int) -> dict[str, list[float]]:
        self.projects.append(project)
        return {"true": [3.0, 1.0, 2.0]}


async def test_a_project_is_asked_about_once_a_minute() -> None:
    asked = Asked()
    pasts = Pasts(asked, lambda: asked.now)
    run = a_run()
    assert pasts.took(run) == ()
    await pasts.learn(["churn", "other"])
    await pasts.learn(["churn"])
    assert (asked.projects, pasts.took(run)) == (["churn", "other"], [1.0, 2.0, 3.0])
    asked.now = FRESH
    await pasts.learn(["churn"])
    assert asked.projects == ["churn", "other", "churn"]
