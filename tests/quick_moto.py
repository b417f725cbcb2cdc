"""moto's DynamoDB with the same answers in a tenth of the time: most of the suite's time was moto's own.

Nothing of what DynamoDB decides is here: moto still parses each condition and each update, evaluates them, and says
what it refuses and how. What is here leaves out work that has no result, or does once what moto does again and again;
tests/storage/test_quick_moto.py compares each piece with moto as it is. `install()` is called once, by
tests/conftest.py."""

from __future__ import annotations

import base64
import copy
import json
from functools import cache
from typing import Any

from botocore import endpoint_provider, handlers, session
from botocore.parsers import BaseJSONParser
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import HTTPException, ServiceException
from moto.core.models import MockAWS, botocore_stubber
from moto.core.responses import ActionResult, BaseResponse
from moto.dynamodb import models, responses
from moto.dynamodb.comparisons import AttributeValue, ConditionExpressionParser, OpDefault
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.tokens import ExpressionTokenizer

ITEM_CALLS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "DeleteItem": "delete_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "Scan": "scan",
    "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}
"""moto's action for each call about items; all else goes moto's way."""

# What is replaced here, as moto and botocore have it.
_process_request = BotocoreStubber.process_request
_transact_write_items = DynamoDBBackend.transact_write_items
_query = Table.query
_project = Item.project
_make_list = ExpressionTokenizer.make_list
_parse = ConditionExpressionParser.parse
_make_operand = ConditionExpressionParser._make_operand
_make_update = UpdateExpressionParser.make
_size = DynamoType.size
_dynamo_to_dict = responses.dynamo_to_dict
_handle_structure = BaseJSONParser._handle_structure
_RuleSet = endpoint_provider.RuleSet
_register_builtin_handlers = session.Session._register_builtin_handlers
_sign = RequestSigner.sign
_to_string = UserAgentString.to_string


def install() -> None:
    """From now on moto is quick in this process."""
    for owner, name, quick in REPLACED:
        setattr(owner, name, quick)


# Requests: what botocore sends goes straight to moto's action, past the web framework that finds it by 190 patterns of
# addresses, reads the body by DynamoDB's model and writes the answer by it, attribute by attribute.


def process_request(stubber: Any, request: Any) -> Any:
    """(status, headers, body) of a request, in bytes as on the wire."""
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    service, _, action = headers.get("X-Amz-Target", "").partition(".")
    if service != "DynamoDB_20120810" or action not in ITEM_CALLS:
        return _process_request(stubber, request)
    handler = responses.DynamoHandler()
    handler.headers = headers
    handler.querystring = {}
    handler.response_headers = {}
    handler.current_account = DEFAULT_ACCOUNT_ID
    handler.region = BaseResponse.region_regex.search(request.url)["region"]
    handler.params = handler.body = _parsed(request.body)
    try:
        answer = getattr(handler, ITEM_CALLS[action])()
        assert isinstance(answer, ActionResult)
    except (ServiceException, HTTPException) as refusal:
        return _refused(handler, action, refusal)
    body = json.dumps(answer.result, default=_encoded)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, body


def _refused(handler: Any, action: str, refusal: Exception) -> Any:
    """moto's own words for a refusal."""

    def again() -> None:
        raise refusal

    setattr(handler, ITEM_CALLS[action], again)
    return handler.call_action()


def _parsed(body: bytes | str) -> Any:
    text = body.decode() if isinstance(body, bytes) else body
    return json.loads(text, object_hook=_decoded if '"B"' in text or '"BS"' in text else None)


def _decoded(part: dict[str, Any]) -> dict[str, Any]:
    """Binary attributes come in base64 and are held as bytes."""
    if len(part) == 1:
        [(kind, value)] = part.items()
        if kind == "B" and isinstance(value, str):
            return {"B": base64.b64decode(value)}
        if kind == "BS" and isinstance(value, list):
            return {"BS": [base64.b64decode(one) for one in value]}
    return part


def _encoded(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))


# moto also takes the place of the `requests` library, which nothing here asks AWS with: 1,300 patterns a test.


def enable_patching(mock: Any, reset: bool = True) -> None:
    botocore_stubber.enabled = True
    if reset:
        mock.reset()


def disable_patching(mock: Any, remove_data: bool) -> None:
    botocore_stubber.enabled = False
    if remove_data:
        mock.reset()


# Transactions: moto copies each whole table before each operation of a transaction and puts the copy back when one
# fails. Here only the items that the transaction names are kept and put back.


class ItemCopies:
    """Stands for the `copy` module where moto copies a table to keep it."""

    def deepcopy(self, value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)


def transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    """All or nothing."""
    kept = [one for item in transact_items for action in item.values() for one in _kept(backend, action)]
    streams = [
        (table.stream_shard, len(table.stream_shard.items)) for table in backend.tables.values() if table.stream_shard
    ]
    try:
        _transact_write_items(backend, transact_items)
    except Exception:
        for items, key, item in kept:
            if item is None:
                items.pop(key, None)
            else:
                items[key] = item
        for shard, length in streams:
            del shard.items[length:]
        raise


def _kept(backend: Any, action: dict[str, Any]) -> Any:
    """(where it is, its key, the item as it is or None) of the item that an operation names; none if it names none."""
    table = backend.tables.get(action.get("TableName"))
    key = action.get("Key") or action.get("Item") or {}
    if table is None or any(name not in key for name in table.table_key_attrs):
        return
    hash_key, *range_key = (DynamoType(key[name]) for name in table.table_key_attrs)
    items, key = (table.items[hash_key], range_key[0]) if range_key else (table.items, hash_key)
    yield items, key, copy.deepcopy(items.get(key))


# Queries: moto sorts the whole table for each and then looks for the partition.


def query(table: Any, hash_key: Any, *given: Any, **named: Any) -> Any:
    """Of a table that holds only the items of the partition that is asked for."""
    index = given[6] if len(given) > 6 else named.get("index_name")
    if table.range_key_attr is None:
        return _query(table, hash_key, *given, **named)
    narrow = copy.copy(table)
    if index:
        wanted = named.get("hash_key_conditions") or []
        narrow.items = {}
        for key, items in table.items.items():
            found = {
                place: item
                for place, item in items.items()
                if all(name in item.attrs and item.attrs[name] == value for name, value in wanted)
            }
            if found:
                narrow.items[key] = found
    else:
        narrow.items = {hash_key: table.items.get(hash_key, {})}
    return _query(narrow, hash_key, *given, **named)


# Items: moto measures all of an item again with each attribute that it reads, and turns all of it into Python values
# and back for each attribute of a projection.


def make_item(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    item.hash_key = hash_key
    item.range_key = range_key
    item.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if item.size() > 405000:
        raise ItemSizeTooLarge


def project(item: Any, projection_expressions: list[list[str]]) -> Any:
    if any(len(path) > 1 or "[" in path[0] for path in projection_expressions):
        return _project(item, projection_expressions)
    names = [path[0] for path in projection_expressions if path[0] in item.attrs]
    return Item(item.hash_key, item.range_key, {name: copy.deepcopy(item.attrs[name]) for name in names})


def hash_of(value: Any) -> int:
    return hash(value.value if value.type == "S" else value.cast_value)


def equals(value: Any, other: Any) -> bool:
    if value.type != other.type:
        return False
    if value.type == "S":
        return bool(value.value == other.value)
    return bool(value.cast_value == other.cast_value)


def less(value: Any, other: Any) -> bool:
    if value.type == other.type == "S":
        return bool(value.value < other.value)
    return bool(value.cast_value < other.cast_value)


# Values: nearly all are plain, and moto asks each for its kind in eight steps, to copy it, to measure it, to tell it.
# Plain ones are never changed in place, only put in each other's place, so that copies of an item may share them.

PLAIN = frozenset({"S", "N", "BOOL", "NULL"})


def copy_item(item: Any, memo: dict[int, Any]) -> Any:
    new = Item.__new__(Item)
    new.hash_key = item.hash_key
    new.range_key = item.range_key
    new.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    for name, value in item.attrs.items():
        dict.__setitem__(new.attrs, name, value if value.type in PLAIN else copy.deepcopy(value, memo))
    return new


def size_of(value: Any) -> int:
    if value.type == "S":
        text = value.value
        return len(text) if text.isascii() else len(text.encode())
    return int(_size(value))


def told(value: Any) -> Any:
    """moto's items as plain dicts."""
    kind = type(value)
    if kind is DynamoType:
        if value.type in PLAIN:
            return {value.type: value.value}
        if value.type == "M":
            return {"M": {name: told(one) for name, one in value.value.items()}}
        return {"L": [told(one) for one in value.value]} if value.type == "L" else _dynamo_to_dict(value)
    if kind is dict or kind is LimitedSizeDict:
        return {name: told(one) for name, one in value.items()}
    if kind is list:
        return [told(one) for one in value]
    return value if kind in (str, int, float, bool, bytes) else _dynamo_to_dict(value)


def heard(parser: Any, shape: Any, value: Any) -> Any:
    """botocore's reading of an answer, which tries an attribute's ten kinds in turn."""
    if shape.name != "AttributeValue" or len(value) != 1:
        return _handle_structure(parser, shape, value)
    [(kind, one)] = value.items()
    return {kind: one if kind in PLAIN else parser._parse_shape(shape.members[kind], one)}


# Expressions: the same few hundred are read again and again, each condition three times in one transaction.


@cache
def _tokens(expression: str) -> tuple[Any, ...]:
    return tuple(_make_list(expression))


def tokens(cls: Any, expression: str) -> list[Any]:
    """Of an update expression."""
    return list(_tokens(expression))


@cache
def _update(expression: str) -> Any:
    return _make_update(expression)


def make_update(cls: Any, expression: str) -> Any:
    """The update as moto reads it, to be looked at: who works on it copies it first."""
    return _update(expression)


def traverse(traverser: Any, node: Any) -> Any:
    """Of an update, from its leaves upwards: moto asks its ten traversers at each node what they look for."""
    steps = traverser._processing_map()
    kinds = tuple(steps)

    def walk(node: Any, position: int = -1) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for place, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, place)
            walk(child, place)
        if isinstance(node, kinds):
            node = next(step for kind, step in steps.items() if isinstance(node, kind))(node)
            node.parent = parent
            if parent:
                parent.children[position] = node
        return node

    return walk(node)


class _Tree(ConditionExpressionParser):
    """Reads an expression without the values, which differ each time."""

    def _lookup_expression_attribute_value(self, name: str) -> Any:
        return None

    def _make_op_condition(self, node: Any) -> Any:
        return node


@cache
def _tree(expression: str, names: tuple[tuple[str, str], ...]) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    reader = _Tree(expression, dict(names), None)
    return _parse(reader), tuple(reader.expr_attr_names_found), tuple(reader.expr_attr_values_found)


def parse_condition(parser: Any) -> Any:
    """The condition as moto evaluates it."""
    if not parser.condition_expression:
        return OpDefault(None, None)
    names = tuple((parser.expression_attribute_names or {}).items())
    tree, names_found, values_found = _tree(parser.condition_expression, names)
    parser.expr_attr_names_found.extend(names_found)
    parser.expr_attr_values_found.extend(values_found)
    return parser._make_op_condition(tree)


def make_operand(parser: Any, node: Any) -> Any:
    if node.kind == parser.Kind.EXPRESSION_ATTRIBUTE_VALUE:
        return AttributeValue(parser.expression_attribute_values[node.text])
    return _make_operand(parser, node)


# botocore writes down what it runs on and signs, for moto, which looks at neither.


def user_agent(creator: Any) -> str:
    return "tests" if botocore_stubber.enabled else str(_to_string(creator))


def sign(signer: Any, operation_name: str, request: Any, *given: Any, **named: Any) -> None:
    if signer._service_id != "DynamoDB" or not botocore_stubber.enabled:
        _sign(signer, operation_name, request, *given, **named)


# Clients: each session reads botocore's descriptions of the services anew, a quarter of a second for a client, and
# moto puts another session in the place of the default one for each test. What is read never changes.

_rules: dict[tuple[int, int], tuple[Any, ...]] = {}
"""By what they were read from, which is kept here too, so that no other thing gets its id."""


def rules(partitions: Any, **described: Any) -> Any:
    """Of a service's addresses."""
    read_from = id(described["rules"]), id(partitions)
    if read_from not in _rules:
        _rules[read_from] = _RuleSet(partitions=partitions, **described), described, partitions
    return _rules[read_from][0]


@cache
def _builtin_handlers(count: int) -> Any:
    """Of so many: moto adds its own."""
    made = session.Session(include_builtin_handlers=False)
    _register_builtin_handlers(made, made._events)
    return made._original_handler


def register_builtin_handlers(made: Any, events: Any) -> None:
    """A hundred and thirty for each session, in the order of their names."""
    vars(made._original_handler).update(vars(copy.copy(_builtin_handlers(len(handlers.BUILTIN_HANDLERS)))))


REPLACED: list[tuple[Any, str, Any]] = [
    (BotocoreStubber, "process_request", process_request),
    (MockAWS, "_enable_patching", enable_patching),
    (MockAWS, "_disable_patching", disable_patching),
    (models, "copy", ItemCopies()),
    (DynamoDBBackend, "transact_write_items", transact_write_items),
    (Table, "query", query),
    (Item, "__init__", make_item),
    (Item, "project", project),
    (DynamoType, "__hash__", hash_of),
    (DynamoType, "__eq__", equals),
    (DynamoType, "__lt__", less),
    (DynamoType, "size", size_of),
    (Item, "__deepcopy__", copy_item),
    (responses, "dynamo_to_dict", told),
    (BaseJSONParser, "_handle_structure", heard),
    (ExpressionTokenizer, "make_list", classmethod(tokens)),
    (UpdateExpressionParser, "make", classmethod(make_update)),
    (DepthFirstTraverser, "traverse", traverse),
    (ConditionExpressionParser, "parse", parse_condition),
    (ConditionExpressionParser, "_make_operand", make_operand),
    (UserAgentString, "to_string", user_agent),
    (RequestSigner, "sign", sign),
    (session.Session, "_register_builtin_handlers", register_builtin_handlers),
    (session, "create_loader", cache(session.create_loader)),
    (endpoint_provider, "RuleSet", rules),
]
"""(owner, name, what stands there from `install()` on)."""
AS_MOTO_HAS_IT: list[tuple[Any, str, Any]] = [(owner, name, vars(owner)[name]) for owner, name, _ in REPLACED]
