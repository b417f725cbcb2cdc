"""Deploy the very template.yaml to MiniStack: upload packages, transform, create or update the stacks.

Only what cannot exist in AWS is added on the way, to the environment of the functions: where the local AWS answers and
the folder of the local doors. template.yaml itself knows neither (held by tests/infra).

The nested stacks (infra/*.yaml) become stacks of their own here: MiniStack 1.5.33 updates top-level stacks correctly,
but loses attributes and queues when it updates a nested one: no change of the data could reach a stack in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from infra.local.packages import Package
from infra.local.template_values import Values, without_known

REGION = "us-east-1"
STACK = "recado"
ARTIFACTS = "recado-artifacts"
DEPLOY_TIMEOUT_S = 180
READERS = 3
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
NESTED = "AWS::CloudFormation::Stack"
# An output and no tag: a changed tag would be a change of every resource.
DIGEST = "LocalDigest"


class DeployFailed(Exception):
    """CloudFormation did not get there; the text holds its own reasons."""


class _NoManagedPolicies:
    """The translator asks IAM for AWS's managed policies; our template names none, and there is no IAM to ask."""

    def load(self) -> dict[str, str]:
        return {}


def load_template(path: Path) -> dict[str, Any]:
    """The template with its short intrinsic functions (!Ref, !GetAtt …) written out."""
    return yaml_parse(path.read_text())


def client(service: str, ministack_url: str) -> Any:
    """A client of the local AWS; its keys are those that MiniStack takes for account 000000000000."""
    return boto3.client(
        service,
        endpoint_url=ministack_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 5}, s3={"addressing_style": "path"}),
    )


class Deployment:
    """One deployment of a checkout. `changed` tells whether anything had to be done."""

    def __init__(self, root: Path, ministack_url: str) -> None:
        self.changed = False
        self._root = root
        self._url = ministack_url
        self._s3 = client("s3", ministack_url)
        self._cloudformation = client("cloudformation", ministack_url)

    def run(
        self, packages: list[Package], parameters: dict[str, str], local_environment: dict[str, str]
    ) -> dict[str, str]:
        """Bring all stacks up to date; the outputs of template.yaml. DeployFailed with CloudFormation's reasons."""
        template = load_template(self._root / "template.yaml")
        template["Globals"]["Function"]["Environment"]["Variables"].update(local_environment)
        self._upload(packages)
        for package in packages:
            _take_from_bucket(template["Resources"][package.resource], package.key)
        values = Values(template, {**parameters, "AWS::StackName": STACK, "AWS::Region": REGION})
        nested = {name: one for name, one in template["Resources"].items() if one["Type"] == NESTED}
        for name in list(nested):
            del template["Resources"][name]
            if not values.holds(template, nested[name].get("Condition")):
                del nested[name]
        self._deploy_nested(nested, values)
        # The translator makes a client of its own accord and only wants to know a region.
        os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
        transformed = transform(without_known(template, values), parameters, _NoManagedPolicies())
        outputs = self._deploy_stack(STACK, _with_parallel_readers(transformed), parameters)
        values.add_resources(self._cloudformation, STACK)
        self._deploy_nested(nested, values)
        if nested:
            raise DeployFailed(f"{', '.join(nested)} need values that nothing gives")
        return outputs

    def _deploy_nested(self, nested: dict[str, Any], values: Values) -> None:
        """Deploy, and take out of `nested`, all stacks whose parameters are known by now."""
        for name in list(nested):
            properties = nested[name]["Properties"]
            wanted = {key: values.resolve(value) for key, value in properties.get("Parameters", {}).items()}
            known = {key: value for key, value in wanted.items() if value is not None}
            if len(known) == len(wanted):
                template = load_template(self._root / properties["TemplateURL"])
                values.add_outputs(name, self._deploy_stack(f"{STACK}-{name.lower()}", template, known))
                del nested[name]

    def _deploy_stack(self, name: str, template: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
        """Create or update one stack; what is the same as the last time is not touched."""
        digest = hashlib.sha256(json.dumps([template, parameters], sort_keys=True).encode()).hexdigest()[:32]
        stack = self._find(name)
        if stack and stack["StackStatus"] in GOOD and _outputs(stack).get(DIGEST) == digest:
            return _outputs(stack)
        if stack and stack["StackStatus"] not in (*GOOD, "UPDATE_ROLLBACK_COMPLETE"):
            raise DeployFailed(f"the stack {name} of the last start is {stack['StackStatus']}: use ARGS=--fresh")
        self.changed = True
        key = f"templates/{name}-{digest}.json"
        body = {**template, "Outputs": {**template.get("Outputs", {}), DIGEST: {"Value": digest}}}
        self._s3.put_object(Bucket=ARTIFACTS, Key=key, Body=json.dumps(body).encode())
        act = self._cloudformation.update_stack if stack else self._cloudformation.create_stack
        act(
            StackName=name,
            TemplateURL=f"{self._url}/{ARTIFACTS}/{key}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        return _outputs(self._wait(name))

    def _upload(self, packages: list[Package]) -> None:
        """Keys name contents: what is there is right."""
        try:
            listed = self._s3.list_objects_v2(Bucket=ARTIFACTS)
        except ClientError:
            self._s3.create_bucket(Bucket=ARTIFACTS)
            listed = {}
        there = {one["Key"] for one in listed.get("Contents", [])}
        for package in packages:
            if package.key not in there:
                self._s3.upload_file(str(package.path), ARTIFACTS, package.key)

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            return self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError:
            return None

    def _wait(self, name: str) -> dict[str, Any]:
        """Poll until the stack rests. DeployFailed with the events that failed."""
        deadline = time.monotonic() + DEPLOY_TIMEOUT_S
        while time.monotonic() < deadline:
            stack = self._find(name)
            status = stack["StackStatus"] if stack else "missing"
            if stack and status in GOOD:
                return stack
            if not status.endswith("_IN_PROGRESS"):
                raise DeployFailed(f"the stack {name} is {status}:\n{self._reasons(name)}")
            time.sleep(0.1)
        raise DeployFailed(f"the stack {name} did not rest within {DEPLOY_TIMEOUT_S} s")

    def _reasons(self, name: str) -> str:
        try:
            events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        except ClientError as error:
            return str(error)
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return "\n".join(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)


def _take_from_bucket(resource: dict[str, Any], key: str) -> None:
    """Let a function or layer take its content from the uploaded package, as `sam package` would."""
    properties = resource["Properties"]
    properties["CodeUri" if "CodeUri" in properties else "ContentUri"] = {"Bucket": ARTIFACTS, "Key": key}
    resource.pop("Metadata", None)


def _with_parallel_readers(template: dict[str, Any]) -> dict[str, Any]:
    """Let several groups of a FIFO queue be worked on at once, as Lambda does.

    MiniStack has one batch in flight for each mapping of a FIFO queue, whatever its groups, so that one slow send would
    hold up everybody's. It does keep a group's order between mappings: each mapping is put in several times.
    """
    resources = {}
    for name, resource in template["Resources"].items():
        resources[name] = resource
        queue = (
            resource["Type"] == "AWS::Lambda::EventSourceMapping" and "StartingPosition" not in resource["Properties"]
        )
        for number in range(2, READERS + 1 if queue else 2):
            resources[f"{name}{number}"] = resource
    return {**template, "Resources": resources}


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
