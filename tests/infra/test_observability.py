"""infra/observability.yaml: everything that can go wrong unseen has an alarm."""

from __future__ import annotations

import json
import re
from inspect import getsource

from recado.journal import LoggedFlows
from tests.infra.templates import functions, of_kind, template

FILE = "infra/observability.yaml"
ALARMS = list(of_kind("AWS::CloudWatch::Alarm", FILE).values())


def _watched(metric: str) -> set[str]:
    return {alarm["Dimensions"][0]["Value"]["Ref"] for alarm in ALARMS if alarm["MetricName"] == metric}


def test_every_dead_letter_is_heard() -> None:
    outputs = template("infra/data.yaml")["Outputs"]
    dead = {name for name in outputs if re.fullmatch(r".*DeadLettersName|FailuresQueueName", name)}
    assert _watched("ApproximateNumberOfMessagesVisible") == dead


def test_every_command_queue_is_watched_for_age() -> None:
    commands = {
        f"{name}QueueName"
        for name in (
            "Inbound",
            "Distribution",
            "Outbound",
            "FlowRequests",
            "Feed",
            "Mail",
            "Media",
            "ContactExports",
            "ContactImports",
            "TaskRun",
        )
    }
    assert _watched("ApproximateAgeOfOldestMessage") == commands


def test_every_function_is_watched_for_errors() -> None:
    assert _watched("Errors") == set(functions())


def test_streams_are_watched_for_falling_behind() -> None:
    assert _watched("IteratorAge") == {"EventsFunction"}


def test_flows_that_were_given_up_are_heard() -> None:
    """By their line in the logs of the two functions that drive flows."""
    filters = list(of_kind("AWS::Logs::MetricFilter", FILE).values())
    assert {one["LogGroupName"]["Ref"] for one in filters} == {"OutboundLogs", "FlowRequestsLogs"}
    (alarm,) = [one for one in ALARMS if one["MetricName"] == "FlowsGivenUp"]
    for one in filters:
        word = one["FilterPattern"].removeprefix('{ $.message = "').removesuffix('" }')
        assert f'"{word}"' in getsource(LoggedFlows.gave_up)
        (told,) = one["MetricTransformations"]
        assert (told["MetricNamespace"], told["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    given = template()["Resources"]["Observability"]["Properties"]["Parameters"]
    assert {name for name, value in given.items() if name.endswith("Logs") and value == {"Ref": name}} == {
        "OutboundLogs", "FlowRequestsLogs",
    }  # fmt: skip


def test_alarms_reach_somebody() -> None:
    assert all(alarm["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in ALARMS)


def test_dashboard_is_json() -> None:
    (dashboard,) = of_kind("AWS::CloudWatch::Dashboard", FILE).values()
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets) >= 6
