"""What a template's references stand for, so far as it is known before the template is deployed."""

from __future__ import annotations

import re
from typing import Any

_VARIABLE = re.compile(r"\$\{([^!}]+)\}")


class Values:
    """Known values by reference: parameters and resources by name, outputs of stacks as `Stack.Outputs.Name`."""

    def __init__(self, template: dict[str, Any], given: dict[str, str]) -> None:
        defaults = {name: str(one["Default"]) for name, one in template["Parameters"].items() if "Default" in one}
        self._known = {**defaults, **given}

    def add_outputs(self, stack: str, outputs: dict[str, str]) -> None:
        self._known.update({f"{stack}.Outputs.{name}": value for name, value in outputs.items()})

    def add_resources(self, cloudformation: Any, stack: str) -> None:
        """Physical ids, which is what !Ref stands for with the resources that nested stacks ask for."""
        for one in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
            self._known[one["LogicalResourceId"]] = one["PhysicalResourceId"]

    def holds(self, template: dict[str, Any], condition: Any) -> bool:
        """Whether a condition of the template, by its name or written out, is met; none is."""
        if condition is None:
            return True
        if isinstance(condition, str):
            return self.holds(template, template["Conditions"][condition])
        if "Condition" in condition:
            return self.holds(template, condition["Condition"])
        ((kind, values),) = condition.items()
        if kind == "Fn::Equals":
            first, second = map(self.resolve, values)
            return first == second
        met = [self.holds(template, one) for one in values]
        return {"Fn::Not": not met[0], "Fn::And": all(met), "Fn::Or": any(met)}[kind]

    def resolve(self, value: Any) -> str | None:
        """The text a parameter's value stands for; None when something in it is not known yet."""
        if not isinstance(value, dict):
            return str(value)
        if "Ref" in value:
            return self._known.get(value["Ref"])
        if "Fn::GetAtt" in value:
            return self._known.get(".".join(value["Fn::GetAtt"]))
        text = value.get("Fn::Sub")
        if isinstance(text, str) and all(name in self._known for name in _VARIABLE.findall(text)):
            return _VARIABLE.sub(lambda found: self._known[found[1]], text)
        return None


def without_known(node: Any, values: Values) -> Any:
    """A copy of the template in which outputs of other stacks are written out; its own references stay."""
    if isinstance(node, list):
        return [without_known(one, values) for one in node]
    if not isinstance(node, dict):
        return node
    attribute = node.get("Fn::GetAtt")
    if isinstance(attribute, list) and str(attribute[-1]).startswith("Outputs."):
        value = values.resolve(node)
        return node if value is None else value
    return {key: without_known(one, values) for key, one in node.items()}
