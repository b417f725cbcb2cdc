"""Our own cfn-lint rules find what they are for, and nothing in our templates. Needs .venv-sam (`make templates`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.infra.templates import FILES, ROOT

CFN_LINT = ROOT / ".venv-sam" / "bin" / "cfn-lint"
pytestmark = pytest.mark.skipif(not CFN_LINT.is_file(), reason="cfn-lint is not installed: make templates")

REDRIVE = "RedrivePolicy: {deadLetterTargetArn: !GetAtt FeedDeadLetters.Arn, maxReceiveCount: 5}"
TO_FAILURES = (
    "DestinationConfig:\n          OnFailure: {Type: SQS, Destination: !GetAtt Data.Outputs.FailuresQueueArn}\n"
)
# Rule → file, what is taken out, what stands there instead.
FAULTS = {
    "E9001": ("template.yaml", "      LoggingConfig: {LogGroup: !Ref TickLogs}\n", ""),
    "E9002": ("infra/data.yaml", "Outputs:\n", "  Logs: {Type: AWS::Logs::LogGroup, Properties: {}}\n\nOutputs:\n"),
    "E9003": ("infra/data.yaml", REDRIVE, ""),
    "E9004": ("infra/access.yaml", "Resource: [!Ref InboundQueueArn]", 'Resource: "*"'),
    "E9005": ("template.yaml", "            FunctionResponseTypes: [ReportBatchItemFailures]\n", ""),
    "E9006": ("template.yaml", f"        MaximumEventAgeInSeconds: 60\n        {TO_FAILURES}", ""),
    "E9007": ("infra/data.yaml", "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}", ""),
}


def _lint(*files: Path) -> str:
    command = [
        str(CFN_LINT),
        "--append-rules",
        str(ROOT / "infra" / "lint"),
        "--format",
        "parseable",
        "--",
        *map(str, files),
    ]
    return subprocess.run(command, capture_output=True, text=True).stdout


def test_our_templates_have_no_fault() -> None:
    assert _lint(*(ROOT / name for name in FILES)) == ""


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault(rule: str, tmp_path: Path) -> None:
    name, there, instead = FAULTS[rule]
    text = (ROOT / name).read_text()
    assert there in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(there, instead, 1))
    assert f":{rule}:" in _lint(broken)
