"""Imports of files as spreadsheets save them."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.custom_fields import CustomField, FieldType
from tests.import_world import ImportWorld


@pytest.fixture
def world(clock: Any, ids: Any) -> ImportWorld:
    return ImportWorld(clock, ids)


def test_a_file_that_excel_saved_in_portuguese_is_taken(world: ImportWorld) -> None:
    kinds: dict[str, FieldType] = {
        "cpf": "cpf", "peso": "number", "vip": "boolean", "fim": "date", "plano": "list", "usa": "multi_list",
    }  # fmt: skip
    options = {"plano": ("Básico", "Ouro"), "usa": ("Chat", "E-mail")}
    world.memory.fields = [
        CustomField(f"cf_{n}", "contacts", slug, slug, kind, world.clock.now(), options=options.get(slug, ()))
        for n, (slug, kind) in enumerate(kinds.items())
    ]
    text = """sep=;
Nome;Celular;Data de Nascimento;CPF;Peso;VIP;Fim;Plano;Usa
João;(11) 98765-4321;1/2/1980;191;70,5;sim;31/12/2026;básico;chat | E-MAIL
Zoé;11 98765-4322;31/12/1980;1234567890;1.234,56;FALSO;2026-12-31;OURO;
Zé;11 98765-4323;31/02/1980;;;;;;
Bia;11 98765-4324;;;;;12/31/2026;;
Ana;11 98765-4325;;;;;;prata;
"""
    import_id = world.begin(text.replace("\n", "\r\n").encode("windows-1252"))
    done = world.finish(import_id)
    assert [(row, reason, column) for row, _, reason, column in world.outcomes(import_id) if reason] == [
        (3, "invalid", "CPF"),
        (5, "invalid_date", "Data de Nascimento"),
        (6, "invalid", "Fim"),
        (7, "invalid", "Plano"),
    ]
    assert (done["created"], done["rejected"]) == (1, 4)
    zoe = world.memory.of_phone("+5511987654322")
    assert (zoe.name, zoe.birthday, zoe.custom_fields) == (
        "Zoé",
        "1980-12-31",
        {"cpf": "01234567890", "peso": 1234.56, "vip": False, "fim": "2026-12-31", "plano": "Ouro"},
    )
