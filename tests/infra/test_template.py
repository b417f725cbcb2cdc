"""template.yaml: what AWS and the local stack deploy."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from recado.services.flow_commands import LANES
from recado.settings import LocalDoors, Settings
from tests.infra.templates import FILES, ROOT, functions, of_kind, output, template


def test_environment_is_what_settings_reads() -> None:
    """Both ways: a variable nobody reads and a setting nobody gives are both faults."""
    given = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    assert given == {field.name.upper() for field in fields(Settings)}
    assert all("Environment" not in properties for properties in functions().values())


@pytest.mark.parametrize("name", FILES)
def test_nothing_local_is_deployed(name: str) -> None:
    """The doors and the local AWS are put in by the local deployment alone: what is not named here cannot be in AWS."""
    text = (ROOT / name).read_text()
    assert fields(LocalDoors)
    for word in (
        "recado_local_dir",
        "aws_endpoint_url",
        "127.0.0.1",
        "localhost",
        "_local",
        "ministack",
        "8080",
        "8090",
    ):
        assert word not in text.lower(), word


def test_runtime_and_architecture_are_named_once() -> None:
    text = (ROOT / "template.yaml").read_text()
    chosen = template()["Globals"]["Function"]
    assert (chosen["Runtime"], chosen["Architectures"]) == ("python3.13", ["arm64"])
    assert not [name for name, one in functions().items() if {"Runtime", "Architectures", "Handler"} & set(one)]
    assert len(re.findall(r"^\s+Runtime:", text, re.MULTILINE)) == 1


def test_each_function_has_its_folder_role_and_log_group() -> None:
    seen = set()
    for name, properties in functions().items():
        word = re.sub(r"(?<!^)([A-Z])", r"_\1", name.removesuffix("Function")).lower()
        assert properties["CodeUri"] == f"functions/{word}"
        assert output(properties["Role"]) == f"{name.removesuffix('Function')}RoleArn"
        group = of_kind("AWS::Logs::LogGroup")[properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["LogGroupName"] == {"Fn::Sub": f"/recado/${{AWS::StackName}}/{word}"}
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        seen.add(word)
    assert seen == {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "handler.py").is_file()}


def test_rest_api_is_one_greedy_route() -> None:
    (method,) = of_kind("AWS::ApiGateway::Method").values()
    assert method["HttpMethod"] == "ANY"
    assert [one["PathPart"] for one in of_kind("AWS::ApiGateway::Resource").values()] == ["v1", "{proxy+}"]


def test_webhooks_are_explicit_routes() -> None:
    http = [one for one in of_kind("AWS::ApiGatewayV2::Route").values() if one["ApiId"] == {"Ref": "HttpApi"}]
    routes = {one["RouteKey"] for one in http}
    assert {"GET /webhooks/{channel_id}", "POST /webhooks/{channel_id}"} <= routes
    doors = {one.split("/")[1] for one in routes}
    assert {f"ANY /{door}/{{proxy+}}" for door in doors} <= routes, "what is at no route of a door is told in a problem"
    assert "$default" not in routes


def test_streams_pass_facts_alone() -> None:
    """Heartbeats and counters must not wake the events function."""
    sources = functions()["EventsFunction"]["Events"]
    assert {output(one["Properties"]["Stream"]) for one in sources.values()} == {
        "ContactsStreamArn",
        "ChatsStreamArn",
        "WorkspaceStreamArn",
    }
    for one in sources.values():
        assert one["Properties"]["FilterCriteria"]["Filters"]  # what they let through: test_stream_filters.py


def test_the_clock_strikes_every_minute() -> None:
    schedules = functions()["TickFunction"]["Events"]
    assert schedules["EveryMinute"]["Properties"] == {"Schedule": "rate(1 minute)"}


def test_tokens_have_a_run_of_their_own_each_day() -> None:
    properties = functions()["TickFunction"]["Events"]["EveryDay"]["Properties"]
    assert properties["Schedule"] == "rate(1 day)"
    assert json.loads(properties["Input"]) == {"jobs": ["tokens"]}


def test_a_new_layer_reaches_the_functions_with_an_alias() -> None:
    """An alias points to a version, and a version keeps its layers: without this, new code would never be called."""
    assert all(one["PublishLambdaVersion"] is True for one in of_kind("AWS::Serverless::LayerVersion").values())
    aliased = [one for one in functions().values() if "AutoPublishAlias" in one]
    assert aliased and all(one["AutoPublishAliasAllProperties"] is True for one in aliased)


def test_one_account_holds_a_tenth_of_the_workers_for_http_steps() -> None:
    (source,) = functions()["FlowRequestsFunction"]["Events"].values()
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "FlowRequestConcurrency"}}
    assert source["Properties"]["BatchSize"] == 1
    workers = template()["Parameters"]["FlowRequestConcurrency"]
    assert workers["Default"] >= 10 * LANES
    assert workers["MinValue"] >= 2 * LANES, "one account whose server is slow could hold them all"


def test_the_inbound_worker_may_park_poison_in_its_dead_letter_queue() -> None:
    """It does so itself at the last attempt, so that the messages behind it go on."""
    role = of_kind("AWS::IAM::Role", "infra/access.yaml")["InboundRole"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = [one["Resource"] for one in statements if "sqs:SendMessage" in one["Action"]]
    assert {"Ref": "InboundDeadLettersArn"} in allowed[0]


def test_every_arrival_in_quarantine_is_checked() -> None:
    (rule,) = functions()["FileLimitsFunction"]["Events"].values()
    pattern = rule["Properties"]["Pattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    assert pattern["detail"]["object"] == {"key": [{"prefix": "quarantine/"}]}
    assert output(pattern["detail"]["bucket"]["name"][0]) == "FilesBucketName"
    (bucket,) = [one for name, one in of_kind("AWS::S3::Bucket", "infra/data.yaml").items() if name == "FilesBucket"]
    assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}


def test_only_who_looks_at_files_puts_what_is_served() -> None:
    """The API signs for its own rights: what it may not do, no form or link of it can."""
    may: dict[str, set[tuple[str, str]]] = {}
    for name, role in of_kind("AWS::IAM::Role", "infra/access.yaml").items():
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for resource in statement["Resource"]:
                if "FilesBucketArn" in str(resource):
                    place = str(resource.get("Fn::Sub", "")).rpartition("}/")[2]
                    may.setdefault(name, set()).update((action, place) for action in actions)
    assert may["ApiRole"] == {("s3:PutObject", "quarantine/*"), ("s3:GetObject", "files/*")}
    assert may["OutboundRole"] == {("s3:GetObject", "files/*")}
    puts = {name for name, rights in may.items() if ("s3:PutObject", "files/*") in rights}
    assert puts == {"FileLimitsRole", "MailRole", "MediaRole", "ContactExportsRole", "ContactImportsRole"}
    assert may["MediaRole"] == {("s3:PutObject", "files/*")}
