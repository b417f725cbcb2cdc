"""Files of ours as examples of templates, through the API: checked, brought to Graph, submitted by their handles."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.files import served_key
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from tests.api.conftest import Api, Company
from tests.api.test_files_of_chats import uploaded
from tests.api.test_templates import BODY, connect, make, seen, tell
from tests.graph_templates import GraphOfTests, refusal

MB = 1_048_576
APP = "584544743160774"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


class Files(dict[str, bytes]):
    """The files bucket: what lies there."""

    def get(self, key: str, default: Any = None) -> Any:
        return self[key]


@pytest.fixture
def files(services: Container) -> Files:
    services.file_blobs = Files()  # type: ignore[assignment]
    return services.file_blobs  # type: ignore[return-value]


@pytest.fixture
def graph(services: Container) -> GraphOfTests:
    services.template_http = GraphOfTests()
    return services.template_http


@pytest.fixture
def channel_id(api: Api, company: Company, graph: GraphOfTests) -> str:
    return connect(api, company, app_id=APP)


@pytest.fixture
def picture(api: Api, company: Company, clock: Any, files: Files) -> str:
    """An accepted picture, whose bytes are there."""
    file_id = uploaded(api, company, clock, by="admin", size=len(PNG))
    files[served_key(company.a, file_id, "e" * 32)] = PNG
    return file_id


def header(form: str = "IMAGE", **example: Any) -> dict[str, Any]:
    return {"type": "HEADER", "format": form, "example": example}


def of(file_id: str, form: str = "IMAGE") -> dict[str, Any]:
    return {"components": [header(form, file_id=file_id), BODY]}


def test_it_is_uploaded_and_submitted_by_its_handle(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, picture: str
) -> None:
    answer = make(api, company, channel_id, **of(picture))
    assert (answer.status, answer.json["status"]) == (201, "PENDING"), answer.text
    made = answer.json
    assert made["components"] == [header(file_id=picture), BODY], "what was given, and no handle"
    start, place = graph.uploads()
    assert start == f"/v24.0/{APP}/uploads?file_name=example.png&file_length={len(PNG)}&file_type=image%2Fpng"
    assert place.startswith("/v24.0/upload:")
    (handle,) = graph.submissions()[0]["components"][0]["example"]["header_handle"]
    assert handle.startswith("4::")
    listed = graph.shelf._find(made["provider_id"])
    assert listed is not None and "scontent" in listed["components"][0]["example"]["header_handle"][0]
    services.clock.move(120)  # type: ignore[attr-defined]
    api.post(f"/v1/templates/{made['id']}/refresh", token=company.admin)
    assert seen(api, company, made)["components"] == made["components"], "the provider's list does not replace it"


def test_an_edit_uploads_anew(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, picture: str
) -> None:
    """Also one that changes the category alone: handles run out."""
    made = make(api, company, channel_id, **of(picture)).json
    graph.shelf._find(made["provider_id"])["status"] = "APPROVED"  # type: ignore[index]
    assert tell(services, company, made, "APPROVED")
    edited = api.patch(f"/v1/templates/{made['id']}", {"category": "MARKETING"}, token=company.admin)
    assert (edited.status, edited.json["category"], len(graph.uploads())) == (200, "MARKETING", 4)
    first, second = (one["components"][0]["example"]["header_handle"] for one in graph.submissions())
    assert first != second


@pytest.mark.parametrize("at", ["start", "bytes"])
@pytest.mark.parametrize(
    ("scripted", "code", "provider_code"),
    [
        (refusal(100, "Invalid parameter"), "provider_refused", "100"),
        (ConnectFailed("refused"), "provider_refused", "connect_failed"),
        (NoAnswer("time-out"), "provider_unclear", None),
        (HttpResponse(503, {}, b""), "provider_unclear", None),
        (RuntimeError("killed"), "internal", None),
    ],
)
def test_what_breaks_off_leaves_nothing_and_is_repeated(
    api: Api, company: Company, graph: GraphOfTests, channel_id: str, picture: str, at: str, scripted: Any, code: str,
    provider_code: str | None,
) -> None:  # fmt: skip
    """Between upload and submission too: nothing was written, and the same key makes it."""
    graph.script = [None, scripted] if at == "bytes" else [scripted]
    headers = {"Idempotency-Key": "k1"}
    wanted = {"name": "fatura", "language": "pt_BR", "category": "UTILITY", "channel_id": channel_id, **of(picture)}
    broken = api.post("/v1/templates", wanted, token=company.admin, headers=headers)
    assert (broken.json["code"], broken.json.get("provider_code")) == (code, provider_code)
    if code != "internal":
        assert (broken.status, broken.json["errors"][0]["pointer"]) == (409, "/components/0/example/file_id")
    assert api.get("/v1/templates", token=company.admin).json["items"] == []
    assert graph.submissions() == []
    again = api.post("/v1/templates", wanted, token=company.admin, headers={"Idempotency-Key": "k2"})
    assert (again.status, len(graph.submissions())) == (201, 1)


def test_who_died_between_upload_and_submission_repeats_both(
    api: Api, company: Company, graph: GraphOfTests, channel_id: str, picture: str, clock: Any, services: Container
) -> None:
    graph.script = [None, None, RuntimeError("killed")]
    assert make(api, company, channel_id, **of(picture)).status == 500
    (left,) = api.get("/v1/templates", token=company.admin).json["items"]
    assert left["submission"]["state"] == "sending"
    clock.move(661)
    services.template_mirror.settle_due(160)
    assert seen(api, company, left)["rejected_reason"] == "NOT_SUBMITTED"
    again = api.patch(f"/v1/templates/{left['id']}", of(picture), token=company.admin)
    assert (again.status, again.json["submission"]["state"], len(graph.uploads())) == (200, "taken", 4)


def test_the_setting_that_lacks_is_named(api: Api, company: Company, graph: GraphOfTests, picture: str) -> None:
    refused = make(api, company, connect(api, company), **of(picture))
    assert (refused.status, refused.json["code"], refused.json["provider_code"]) == (
        409, "provider_refused", "no_app_id",
    )  # fmt: skip
    assert "app_id" in refused.json["detail"]
    assert (refused.json["errors"][0]["pointer"], graph.asked) == ("/components/0/example/file_id", [])


def test_which_files_are_taken(
    api: Api, company: Company, other_company: Company, graph: GraphOfTests, channel_id: str, clock: Any, files: Files
) -> None:
    def file(content_type: str, size: int = 10, **told: Any) -> str:
        name = "foto." + content_type.rpartition("/")[2]
        return uploaded(api, company, clock, by="admin", content_type=content_type, size=size, name=name, **told)

    pending = {"feature": "service", "name": "a.png", "content_type": "image/png", "size": 10}
    for form, file_id, status in (
        ("IMAGE", file("image/png", 5 * MB + 1), 413),
        ("IMAGE", file("image/gif"), 415),
        ("IMAGE", file("application/pdf"), 415),
        ("VIDEO", file("video/3gpp"), 415),
        ("VIDEO", file("video/mp4", 15 * MB + 1, feature="email"), 413),
        ("DOCUMENT", file("application/pdf", 15 * MB + 1, feature="email"), 413),
        ("DOCUMENT", file("image/png"), 415),
        ("IMAGE", file("image/png", feature="photo"), 400),
        ("IMAGE", api.post("/v1/files", pending, token=company.admin).json["file_id"], 409),
        ("IMAGE", uploaded(api, other_company, clock), 404),
        ("IMAGE", "fi_none", 404),
        ("IMAGE", file("image/png"), 404),  # its bytes are gone
    ):
        refused = make(api, company, channel_id, **of(file_id, form))
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (status, "/components/0/example/file_id")
    assert graph.asked == []
    for form, content_type in (("VIDEO", "video/mp4"), ("DOCUMENT", "application/pdf"), ("IMAGE", "image/jpeg")):
        file_id = file(content_type)
        signs = {"VIDEO": b"\0\0\0\x18ftypmp42", "DOCUMENT": b"%PDF-1.7\n", "IMAGE": b"\xff\xd8\xff\xe0"}
        files[served_key(company.a, file_id, "e" * 32)] = signs[form]
        made = make(api, company, channel_id, name=form.lower(), **of(file_id, form))
        assert made.status == 201, made.text


def test_a_second_of_the_name_is_refused_before_anything_is_uploaded(
    api: Api, company: Company, graph: GraphOfTests, channel_id: str, picture: str
) -> None:
    assert make(api, company, channel_id).status == 201
    refused = make(api, company, channel_id, **of(picture))
    assert (refused.status, refused.json["code"], graph.uploads()) == (409, "template_exists", [])
