"""Nobody reaches a chat past the one gate (services/chats.py), which asks domain/access.py whether the caller may see
it. A new route or service that would go around it fails here until somebody has thought about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.sources import Source, product

CHAT_PARAMETERS = {"chat_id", "message_id"}
POLICY = {
    "layers/core/python/recado/services/chats.py": "the gate",
    "layers/core/python/recado/services/contact_timelines.py": "leaves out of timelines what the gate would hide",
}
"""Who asks the policy whether a chat is seen. Everybody else asks the gate."""
READERS = {
    "chat_service": "is the gate",
    "contact_timelines": "reads the chats of a timeline, and tells those that the policy lets the caller see",
    "chat_actions": "behind the gate",
    "chat_commits": "writes what was decided behind the gate",
    "chat_marks": "behind the gate",
    "chat_starting": "behind the gate",
    "sending_service": "behind the gate",
    "flow_starting": "behind the gate",
    "widget_clicks": "no caller: looks where the visitor's own message lies",
    "flow_steps": "no caller: asks of the chat that a flow leads what its conditions say",
    "flow_engine": "no caller: drives the flow that leads a chat",
    "message_changes": "behind the gate",
    "shortcut_service": "behind the gate",
    "segment_service": "shows chats behind the gate; counts and explains for admins, who see every chat",
    "message_search": "behind the gate",
    "gone_agents": "no caller: a job of the tick",
    "erasing": "no caller: a job of the tick",
    "contact_data_export_work": "no caller: writes what an admin asked for",
    "system_closing": "no caller: what the product does by itself",
    "removed_channels": "no caller: a job of the tick; of open chats an admin is told the ids",
    "empty_chats": "no caller: asks whether a customer wrote in a chat that a flow opened",
    "chat_timers": "no caller: a job of the tick",
    "system_moves": "no caller: what the product does by itself",
    "call_agents": "no caller: who is on the telephone, or waits there",
    "task_flows": "no caller but a run of a task: an admin's, who see every chat; begins flows behind the gate",
    "task_pacing": "no caller: looks on which channel a target of a run is written to",
    "task_reach": "reads threads to know by which window they can be written to; tells no words of them",
    "task_forecast": "tells admins, who see every chat, how many of them can be written to",
    "chat_shapes": "composes chats that somebody else was allowed to read",
}
"""What the container gives a reader of chats to, and why it may have one."""
UNGATED = {"_done_out_of_sight": "tells who did it, and nobody else, what became of their own act"}
BEHIND = {name for name, why in READERS.items() if why == "behind the gate"}


def _of(area: str) -> list[Source]:
    return [source for source in product() if source.area == area]


def _functions(source: Source) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef))


def _service_calls(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls of `call.services.<name>.<method>(…)`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            service = call.func.value
            if isinstance(service, ast.Attribute) and ast.unparse(service.value) == "call.services":
                yield service.attr, call


def _container() -> dict[str, tuple[ast.FunctionDef, Source]]:
    return {function.name: (function, source) for source in _of("bootstrap") for function in _functions(source)}


def test_the_api_calls_services_only() -> None:
    """Not a store, whose reads ask nobody."""
    container, found, looked = _container(), [], 0
    for source in _of("api"):
        for name, _ in _service_calls(source.tree):
            looked += 1
            function, where = container[name]
            shape = ast.unparse(function.returns) if function.returns else ""
            modules = {
                node.module
                for node in ast.walk(where.tree)
                if isinstance(node, ast.ImportFrom) and any(one.name == shape for one in node.names)
            }
            if not modules or not all((module or "").startswith("recado.services.") for module in modules):
                found.append(f"{source.name}: {name} is {shape}")
    assert looked > 20
    assert found == []


def test_routes_of_chats_say_who_asks() -> None:
    """Each service call of a route with a chat's or message's id begins with the caller."""
    found, looked = [], 0
    for source in _of("api"):
        for function in _functions(source):
            if not CHAT_PARAMETERS & {one.arg for one in function.args.args}:
                continue
            for name, call in _service_calls(function):
                looked += 1
                if not call.args or ast.unparse(call.args[0]) != "call.caller":
                    found.append(f"{source.name}:{call.lineno} {name}")
    assert looked > 10
    assert found == []


def test_services_take_a_callers_chat_from_the_gate() -> None:
    """A function of a service that is given a caller and a chat's id never reads that chat from a store first."""
    found, looked = [], 0
    for source in _of("services"):
        for function in _functions(source):
            names = {one.arg for one in function.args.args}
            if not {"caller", "chat_id"} <= names:
                continue
            looked += 1
            calls = [ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
            reads = [one for one in calls if one.endswith(("_store.chat", "_reads.chat", "_chats.chat"))]
            gated = any(one.endswith(("visible", "_visible_of")) for one in calls)
            if reads and not gated and function.name not in UNGATED:
                found.append(f"{source.name}:{function.lineno} {function.name}: {', '.join(reads)}")
    assert looked > 5
    assert found == []


def test_the_policy_is_asked_in_one_place() -> None:
    asking = {
        source.name
        for source in _of("services")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("can_see_chat")
    }
    assert asking == POLICY.keys()


def test_readers_of_chats_go_to_known_services_only() -> None:
    given: dict[str, bool] = {}
    for name, (function, _) in _container().items():
        said = [ast.unparse(one) for call in ast.walk(function) if isinstance(call, ast.Call) for one in call.args]
        if name != "chats" and {"self.chats", "DynamoChats()"} & set(said):
            given[name] = "self.chat_service" in said
    assert {"chat_service", "sending_service"} <= given.keys()
    assert given.keys() - READERS.keys() == set(), "who else reads chats, and for whom?"
    assert [name for name in sorted(given) if name in BEHIND and not given[name]] == []
