"""infra/data.yaml: tables, queues and buckets, with what protects them."""

from __future__ import annotations

from typing import Any

import pytest

from recado.aws.export_objects import TAGS
from recado.domain import contact_imports
from recado.domain.exports import KEPT_FOR
from recado.domain.files import UPLOAD_KEPT_FOR
from tests.infra.templates import functions, of_kind, output, template

DATA = "infra/data.yaml"
TABLES = of_kind("AWS::DynamoDB::Table", DATA)
QUEUES = of_kind("AWS::SQS::Queue", DATA)
BUCKETS = of_kind("AWS::S3::Bucket", DATA)
COMMANDS = (
    "Inbound", "Distribution", "Outbound", "FlowRequests", "Feed", "Media", "ContactExports", "ContactImports",
    "TaskRun",
)  # fmt: skip
FOURTEEN_DAYS_S = 14 * 86_400


@pytest.mark.parametrize("name", TABLES)
def test_tables_stream_are_restorable_and_outlive_the_stack(name: str) -> None:
    table, resource = TABLES[name], template(DATA)["Resources"][name]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert template(DATA)["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "LocalSecondaryIndexes" not in table


def test_indexes() -> None:
    indexes = {name: table.get("GlobalSecondaryIndexes", []) for name, table in TABLES.items()}
    assert {name: [index["IndexName"] for index in some] for name, some in indexes.items()} == {
        "ContactsTable": [],
        "ChatsTable": ["due", "by_situation", "by_department", "by_agent", "by_contact"],
        "WorkspaceTable": ["due"],
    }
    kinds = {index["Projection"]["ProjectionType"] for some in indexes.values() for index in some}
    assert kinds == {"KEYS_ONLY"}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_ordered_and_given_up_after_five_tries(name: str) -> None:
    queue, dead = QUEUES[f"{name}Queue"], QUEUES[f"{name}DeadLetters"]
    for one in (queue, dead):
        assert one["FifoQueue"] is True
        assert (one["DeduplicationScope"], one["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
        assert "ContentBasedDeduplication" not in one
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [f"{name}DeadLetters", "Arn"]},
        "maxReceiveCount": 5,
    }
    assert dead["MessageRetentionPeriod"] == FOURTEEN_DAYS_S > queue["MessageRetentionPeriod"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_not_given_out_twice_while_it_is_worked_on(name: str) -> None:
    """AWS asks for six times the time-out of the function that reads the queue."""
    reader = functions()[f"{name}Function"]
    (source,) = reader["Events"].values()
    assert output(source["Properties"]["Queue"]) == f"{name}QueueArn"
    timeout = reader.get("Timeout", template()["Globals"]["Function"]["Timeout"])
    assert QUEUES[f"{name}Queue"]["VisibilityTimeout"] >= 6 * timeout


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_private(name: str) -> None:
    bucket = BUCKETS[name]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["BucketEncryption"] and bucket["LifecycleConfiguration"]["Rules"]
    statement, *others = _policy_of(name)["PolicyDocument"]["Statement"]
    assert [one["Principal"] for one in others] == ([{"Service": "ses.amazonaws.com"}] if name == "MailBucket" else [])
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def _policy_of(bucket: str) -> dict[str, Any]:
    policies = of_kind("AWS::S3::BucketPolicy", DATA).values()
    return next(one for one in policies if one["Bucket"] == {"Ref": bucket})


def test_raw_bodies_are_forgotten_after_a_month() -> None:
    assert 30 in [rule.get("ExpirationInDays") for rule in BUCKETS["RawBucket"]["LifecycleConfiguration"]["Rules"]]


def test_what_stays_in_quarantine_is_forgotten_after_a_day() -> None:
    rules = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in _files()["LifecycleConfiguration"]["Rules"]}
    assert rules["quarantine/"] == 1
    assert "files/" not in rules


def test_what_has_an_end_is_forgotten_by_its_tag_and_never_before_its_item_says() -> None:
    rules = [one for one in _files()["LifecycleConfiguration"]["Rules"] if "TagFilters" in one]
    days = {f"{tag['Key']}={tag['Value']}": rule["ExpirationInDays"] for rule in rules for tag in rule["TagFilters"]}
    assert days == {
        TAGS: KEPT_FOR.days,
        "kind=upload": UPLOAD_KEPT_FOR.days,
        "kind=imported": (UPLOAD_KEPT_FOR + contact_imports.KEPT).days,
    }
    assert all(rule["Status"] == "Enabled" and len(rule["TagFilters"]) == 1 for rule in rules)


def test_uploads_that_are_never_finished_are_thrown_away() -> None:
    days = [one.get("AbortIncompleteMultipartUpload") for one in _files()["LifecycleConfiguration"]["Rules"]]
    assert {"DaysAfterInitiation": 1} in days


def test_any_sites_pages_post_to_the_files_bucket_and_do_nothing_else() -> None:
    (rule,) = _files()["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["*"], ["POST"])


def _files() -> dict[str, Any]:
    return BUCKETS["FilesBucket"]
