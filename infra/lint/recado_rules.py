"""Our own cfn-lint rules: faults that CloudFormation accepts and that somebody pays for later.

    cfn-lint --append-rules infra/lint -- template.yaml infra/*.yaml

cfn-lint gives rules the template as it is written: a SAM function with its event sources is one resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

FUNCTION = "AWS::Serverless::Function"
FOURTEEN_DAYS_S = 1_209_600
STREAMS = ("DynamoDB", "Kinesis")
# Event sources that call without anybody waiting for the answer.
UNATTENDED = ("Schedule", "ScheduleV2", "EventBridgeRule", "CloudWatchEvent", "S3", "SNS")
Fault = tuple[list[str | int], str]


class _Rule(CloudFormationLintRule):
    """One fault; `faults` yields where it is and what is wrong."""

    id = ""
    tags = ("recado",)
    source_url = ""

    def match(self, cfn: Any) -> list[RuleMatch]:
        return [RuleMatch(path, text) for path, text in self.faults(cfn.template.get("Resources", {}))]

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        """Where something is wrong, and what. Nothing here: cfn-lint runs every class of this file, this one too."""
        return iter(())


def _of_kind(resources: dict[str, Any], *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in resources.items():
        if resource.get("Type") in kinds:
            yield name, resource.get("Properties", {})


class FunctionWithoutLogGroup(_Rule):
    """A function whose log group Lambda makes by itself keeps its logs for ever."""

    id = "E9001"
    shortdesc = "Function writes to a log group of the template"
    description = "LoggingConfig.LogGroup refers to an AWS::Logs::LogGroup of the same template"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        groups = {name for name, _ in _of_kind(resources, "AWS::Logs::LogGroup")}
        for name, properties in _of_kind(resources, FUNCTION):
            group = properties.get("LoggingConfig", {}).get("LogGroup")
            if not isinstance(group, dict) or group.get("Ref") not in groups:
                yield ["Resources", name], f"{name} names no log group of this template"


class LogsKeptForEver(_Rule):
    """A log group without retention is never emptied."""

    id = "E9002"
    shortdesc = "Log group has a retention"
    description = "AWS::Logs::LogGroup has RetentionInDays"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, properties in _of_kind(resources, "AWS::Logs::LogGroup"):
            if "RetentionInDays" not in properties:
                yield ["Resources", name], f"{name} keeps its logs for ever"


class QueueWithoutDeadLetters(_Rule):
    """What cannot be worked off returns until it is too old, and then is gone without a trace."""

    id = "E9003"
    shortdesc = "Queue has dead letters, or is where they end"
    description = "AWS::SQS::Queue has a RedrivePolicy, or keeps what it holds for 14 days"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, properties in _of_kind(resources, "AWS::SQS::Queue"):
            if "RedrivePolicy" not in properties and properties.get("MessageRetentionPeriod") != FOURTEEN_DAYS_S:
                yield ["Resources", name], f"{name} has no dead letters and does not keep its own for 14 days"


class MayTouchEverything(_Rule):
    """`Resource: "*"` turns one stolen role into the whole account."""

    id = "E9004"
    shortdesc = "Allowed actions name their resources"
    description = 'No statement allows with Resource "*"; no action is "*"'

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, properties in _of_kind(resources, "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            statements = [statement for document in documents for statement in document["Statement"]]
            for statement in statements:
                if statement["Effect"] != "Allow":
                    continue
                said = f"{name}: {statement.get('Sid', 'a statement')}"
                if "*" in _listed(statement.get("Resource")):
                    yield ["Resources", name], f"{said} allows on every resource"
                if any(isinstance(action, str) and action.endswith("*") for action in _listed(statement["Action"])):
                    yield ["Resources", name], f"{said} allows a family of actions"


class SourceLosesRecords(_Rule):
    """Without partial failures one bad record repeats its whole batch; without a destination it is lost in the end."""

    id = "E9005"
    shortdesc = "Event source reports partial failures, and a stream where it gives up"
    description = "ReportBatchItemFailures on queues and streams; bisect and an OnFailure destination on streams"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, event, source in _event_sources(resources, "SQS", *STREAMS):
            path: list[str | int] = ["Resources", name, "Properties", "Events", event]
            properties = source.get("Properties", {})
            if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
                yield path, f"{name} does not report partial failures of {event}"
            if source["Type"] not in STREAMS:
                continue
            if not properties.get("BisectBatchOnFunctionError"):
                yield path, f"{name} does not bisect a failed batch of {event}"
            if "OnFailure" not in properties.get("DestinationConfig", {}):
                yield path, f"{name} has no failure destination for {event}"


class UnattendedRunLost(_Rule):
    """Nobody waits for the answer of a rule or a bucket's notification: its failure must land somewhere."""

    id = "E9006"
    shortdesc = "Function called without anybody waiting has a failure destination"
    description = "A function of a schedule, rule, bucket or topic has EventInvokeConfig with OnFailure"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, event, _ in _event_sources(resources, *UNATTENDED):
            invoked = resources[name]["Properties"].get("EventInvokeConfig", {})
            if "OnFailure" not in invoked.get("DestinationConfig", {}):
                yield ["Resources", name], f"{name} is called by {event} and has no failure destination"


class DataEasilyLost(_Rule):
    """Tables and buckets outlive the stack, can be restored, and are nobody else's to read."""

    id = "E9007"
    shortdesc = "Tables and buckets are kept, restorable and private"
    description = "DeletionPolicy Retain; point-in-time recovery of tables; private encrypted buckets with a lifecycle"

    def faults(self, resources: dict[str, Any]) -> Iterator[Fault]:
        for name, properties in _of_kind(resources, "AWS::DynamoDB::Table", "AWS::S3::Bucket"):
            resource = resources[name]
            if resource.get("DeletionPolicy") != "Retain" or resource.get("UpdateReplacePolicy") != "Retain":
                yield ["Resources", name], f"{name} would be deleted with its stack"
            wanted = {
                "AWS::DynamoDB::Table": ("PointInTimeRecoverySpecification", "DeletionProtectionEnabled"),
                "AWS::S3::Bucket": ("PublicAccessBlockConfiguration", "BucketEncryption", "LifecycleConfiguration"),
            }[resource["Type"]]
            for key in wanted:
                if key not in properties:
                    yield ["Resources", name], f"{name} has no {key}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _event_sources(resources: dict[str, Any], *kinds: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(function, name of the source, source) for the sources of these kinds."""
    for name, properties in _of_kind(resources, FUNCTION):
        for event, source in properties.get("Events", {}).items():
            if source["Type"] in kinds:
                yield name, event, source
