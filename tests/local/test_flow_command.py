"""`make flow`: a flow as a conversation, for whoever writes it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from infra.local import flow
from infra.local.examples import FLOWS
from tests.local.conftest import Serve

CPF = "529.982.247-25"


class Played(NamedTuple):
    """What a run of the command came to."""

    code: int
    told: str
    wrong: str


Play = Callable[..., Played]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Play:
    """Play a flow, given as its steps or as what the command takes, with these lines typed."""

    def run(given: Any, *lines: str, start: str = "a", options: tuple[str, ...] = ()) -> Played:
        if isinstance(given, dict):
            file = tmp_path / "flow.json"
            file.write_text(json.dumps({"start": start, "steps": given}))
            given = str(file)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in lines)))
        code = flow.main([given, "--demo", str(tmp_path / "demo.json"), *options])
        out = capsys.readouterr()
        return Played(code, out.out, out.err)

    return run


def test_the_menu_of_the_example(play: Play) -> None:
    played = play(str(FLOWS / "welcome.json"), "bom dia", "horario e endereco", "2", "1234")
    assert played.code == 0, played.wrong
    assert "Maria da Silva! Aqui é a Empresa de Exemplo." in played.told
    assert played.told.count("  2. Meu pedido") == 3
    told = ["this was not understood", "Rua das Laranjeiras", "Vamos olhar o pedido 1234.", "the chat waits"]
    assert [played.told.index(one) for one in told] == sorted(played.told.index(one) for one in told)


def test_the_question_of_the_example(play: Play, tmp_path: Path) -> None:
    played = play(str(FLOWS / "cpf.json"), "123", CPF)
    assert "contact.custom.cpf = 52998224725" in played.told and played.told.count("qual é o seu CPF?") == 2
    known = tmp_path / "contact.json"
    known.write_text(json.dumps({"name": "Zé", "custom_fields": {"cpf": "52998224725"}}))
    played = play(str(FLOWS / "cpf.json"), options=("--contact", str(known)))
    assert "CPF?" not in played.told and "Obrigado, Zé!" in played.told


def test_time_passes_when_it_is_told_to(play: Play) -> None:
    steps = {
        "a": {"type": "delay", "seconds": 3_600, "next": "b"},
        "b": {"type": "ask", "text": "Nome?", "save_as": "who", "timeout_s": 600, "on_timeout": "c", "next": "d"},
        "c": {"type": "send_text", "text": "Tarde demais", "next": "e"},
        "e": {"type": "ask", "text": "E agora?", "save_as": "what", "next": "d"},
        "d": {"type": "send_text", "text": "Fim, {{what}}"},
    }
    played = play(steps, "oi", "/wait", "/wait", "/vars", "isso")
    assert "waits for 3,600 s" in played.told and "takes no answer" in played.told
    assert "Tarde demais" in played.told and "no timeout_s" not in played.told
    assert "Fim, isso" in played.told and "it waits for people" in played.told
    told = play(steps, "/wait", "/wait", "/wait", "isso").told
    assert "a day passes: the question has no timeout_s" in told and "it waits for people" in told
    assert play(steps, "/wait", "/restart", "/quit").told.count("waits for 3,600 s") == 2


def test_a_template_and_what_is_pressed_on_it(play: Play) -> None:
    steps = {
        "a": {"type": "send_template", "template": {"name": "fatura", "language": "pt_BR"}, "next": "b"},
        "b": {"type": "wait_answer", "options": [{"label": "Já paguei", "next": "c"}], "on_timeout": "d", "next": "e"},
        "c": {"type": "send_text", "text": "Obrigado"},
        "d": {"type": "send_text", "text": "Tarde demais"},
        "e": {"type": "queue"},
    }
    played = play(steps, "ja paguei")
    assert played.told.index("step d may find the window closed") < played.told.index("[template fatura")
    assert played.told.count("may find") == 1 and "it waits for an answer: Já paguei" in played.told
    assert "Obrigado" in played.told and "Tarde demais" in play(steps, "/wait").told
    assert "the chat waits for people" in play(steps, "quanto?").told


def test_what_cannot_be_published_is_told_as_publishing_tells_it(play: Play) -> None:
    steps = {
        "a": {"type": "send_text", "text": "x", "next": "z"},
        "b": {"type": "goto", "step": "b"},
    }
    played = play(steps)
    assert played.code == 2 and played.told == ""
    assert "/steps/a/next: There is no step 'z'. (no_such_step)" in played.wrong
    assert "endless_loop" in played.wrong
    played = play({"a": {"type": "condition", "filter": {"any": []}}})
    assert played.code == 2 and played.wrong.startswith("/steps/a/filter/any")
    assert play("nowhere.json").wrong == "nowhere.json: No such file or directory\n"


def test_a_variable_that_no_step_saves_is_told(play: Play) -> None:
    steps = {
        "a": {"type": "ask", "text": "Nome?", "save_as": "name", "next": "b"},
        "b": {"type": "send_text", "text": "{{name}}, {{nome.primeiro}}, {{contact.name}}, {{system.date}}"},
    }
    played = play(steps, "Ana")
    assert played.told.startswith("   ·  no step saves {{nome.primeiro}}: it is empty") and played.code == 0
    assert played.told.count("no step saves") == 1


def test_a_wrong_contact_is_told(play: Play, tmp_path: Path) -> None:
    wrong = tmp_path / "contact.json"
    for text, told in (('{"nome": "Zé"}', "nome"), ("[]", "contact.json"), ("{", "is not JSON")):
        wrong.write_text(text)
        played = play(str(FLOWS / "cpf.json"), options=("--contact", str(wrong)))
        assert played.code == 2 and told in played.wrong, played


HTTP = {
    "a": {
        "type": "http", "method": "POST", "url": "https://erp.example/x?key={{secret.key}}",
        "body": '{"n": "{{contact.name}}"}',
        "headers": {"Authorization": "Bearer {{secret.key}}"}, "save_as": "found", "next": "b", "on_error": "c",
    },
    "b": {"type": "send_text", "text": "Pontos: {{found.points}}"},
    "c": {"type": "send_text", "text": "Sem sistema"},
}  # fmt: skip


def test_whoever_plays_is_the_other_system(play: Play, tmp_path: Path) -> None:
    played = play(HTTP, '{"points": 12}', options=("-v",))
    assert "POST https://erp.example/x?key=" in played.told and '{"n": "Maria da Silva"}' in played.told
    assert "Pontos: 12" in played.told and "a http: POST https://erp.example/x?key= → 200" in played.told
    assert "Sem sistema" in play(HTTP, "!404").told
    assert "Sem sistema" in play(HTTP, options=("--http", "fail")).told


def test_requests_that_are_really_made_are_guarded_and_need_their_secrets(play: Play, tmp_path: Path) -> None:
    own = {**HTTP, "a": {**HTTP["a"], "url": "https://127.0.0.1/"}}
    played = play(own, options=("--http", "real", "-v"))
    assert "secret_missing" in played.told
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"key": "canary-key"}))
    played = play(own, options=("--http", "real", "-v", "--secrets", str(secrets)))
    assert "address_refused" in played.told and "canary-key" not in played.told


def test_a_flow_that_fails_says_why(play: Play) -> None:
    played = play({"a": {"type": "run_flow", "flow_id": "fl_x"}})
    assert played.code == 1 and "The flow has failed: flow_not_published" in played.told


def test_a_flow_of_the_running_stack(play: Play, serve: Serve, tmp_path: Path) -> None:
    one, other = "fl_acctaaaa_" + "0" * 27, "fl_acctaaaa_" + "1" * 27
    flows = {
        one: {"a": {"type": "set_field", "field": "custom.cnh", "value": "1", "next": "b"},
              "b": {"type": "condition", "filter": {"field": "custom.cnh", "op": "gt", "value": 0}, "then": "c"},
              "c": {"type": "run_flow", "flow_id": other}},
        other: {"a": {"type": "send_text", "text": "Do outro fluxo"}},
    }  # fmt: skip

    async def told(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer token"
        if request.path.endswith("2"):
            return web.json_response({"detail": "There is no such flow."}, status=404)
        if request.path == "/v1/custom-fields":
            field = {"id": "cf_1", "slug": "cnh", "label": "CNH", "table": "contacts", "type": "number"}
            return web.json_response({"items": [{**field, "options": [], "active": True}], "next": None})
        return web.json_response({"start": "a", "steps": flows[request.path.rpartition("/")[2]]})

    app = web.Application()
    app.router.add_get("/{path:.*}", told)
    assert "make run" in play(one).wrong
    demo = {
        "base_url": serve(app),
        "providers_url": "x",
        "api_token": "token",
        "agents": [],
        "channels": {"whatsapp": {}},
    }
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    unknown = play(one[:-1] + "2").wrong
    assert "There is no such flow." in unknown and "make run" not in unknown
    played = play(one)
    assert (played.code, "Do outro fluxo" in played.told) == (0, True), played
