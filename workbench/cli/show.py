"""`workbench show RUN`: where it stands, what it came from, what it measured and what happened to it."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench show brave-sunset-12
workbench show 12 --json | jq .metrics.loss.last"""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        seen = engine.call("show", {"run": args.run})
    if args.json:
        run = seen.pop("run")
        output.document({**run, **seen})
    else:
        for line in text(seen):
            print(line)
    return 0


def text(seen: dict[str, Any]) -> list[str]:
    """The answer of `show` as paragraphs."""
    import time

    from workbench.domain.progress import Progress
    from workbench.domain.use import Use
    from workbench.present.cells import plain
    from workbench.present.numbers import param
    from workbench.present.runs import facts, headline, origins, uses
    from workbench.present.sanitise import clean
    from workbench.protocol.runs import run_in

    run, now = run_in(seen["run"]), int(time.time() * 1e6)
    progress = Progress(**seen["progress"]) if seen.get("progress") else None
    lines = [plain(headline(run, now, progress))]
    if seen["waiting"]:
        lines += [f"  {clean(said)}" for said in (seen["waiting"]["text"], seen["waiting"]["until"]) if said]
    else:
        lines += _reasons(seen["run"]["detail"])
    lines += [f"warning: {clean(warning)}" for warning in seen["warnings"]]
    present = [uses(Use(**seen["use"]))] if seen["use"] else []
    lines += ["", *_pairs([*facts(run, now, seen.get("after")), *present])]
    if run.ask.params:
        lines += ["", "params", *_pairs([(clean(key), param(value)) for key, value in run.ask.params.items()])]
    lines += ["", "came from", *_pairs(origins(run))]
    if seen["metrics"]:
        lines += ["", *_metrics(seen["metrics"])]
    if seen["artifacts"] or seen["collecting"]:
        lines += ["", "artifacts", *_pairs([_artifact(artifact) for artifact in seen["artifacts"]])]
    if seen["collecting"]:
        lines.append(f"  collecting: {clean(seen['collecting']['text'])}")
    lines += ["", "what happened", *(f"  {_happened(event)}" for event in seen["events"])]
    return lines


def _reasons(detail: dict[str, Any]) -> list[str]:
    from workbench.present.sanitise import clean_lines

    said = [*clean_lines(str(detail.get("reason") or "")), *clean_lines(str(detail.get("words") or ""))]
    return [f"  {line}" for line in said]


def _pairs(pairs: list[tuple[str, str]]) -> list[str]:
    from workbench.present.cells import fit, width

    wide = max((width(label) for label, _ in pairs), default=0)
    return [f"  {fit(label, wide)}  {value}" for label, value in pairs]


def _metrics(metrics: dict[str, Any]) -> list[str]:
    from workbench.present.numbers import metric
    from workbench.present.text import table
    from workbench.protocol.messages import number_in

    rows = []
    for key, seen in metrics.items():
        values = (metric(number_in(seen[part])) for part in ("last", "min", "max"))
        rows.append((key, *values, str(seen["step"]), str(seen["count"])))
    return table(("metric", "last", "min", "max", "step", "points"), rows, output.columns())


def _artifact(artifact: dict[str, Any]) -> tuple[str, str]:
    from workbench.domain.resources import format_size
    from workbench.present.sanitise import clean

    return clean(artifact["name"]), format_size(artifact["size"]) + ("" if artifact["stored"] else "  not in store")


def _happened(event: dict[str, Any]) -> str:
    import time

    from workbench.present.sanitise import clean

    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["at"] / 1e6))
    by = f" by {clean(event['by'])}" if event.get("by") else ""
    return f"{at}  {clean(event['kind'])}{by}"
