"""Where an answer ends: as programs write it in Portuguese and in other languages."""

from __future__ import annotations

import pytest

from recado.mail.quotes import reply_of

NEW = "Olá!\n\nPode enviar hoje?"
TAILS = {
    "Gmail": "Em seg., 2 de mar. de 2026 às 08:00, Loja <suporte@mail.example> escreveu:\n\n> Sim",
    "Gmail, broken in two": "Em seg., 2 de mar. de 2026 às 08:00, Loja\n<suporte@mail.example> escreveu:\n\n> Sim",
    "Gmail, broken in three": "Em seg., 2 de mar. de 2026\nàs 08:00, Loja\n<suporte@mail.example> escreveu:\n> Sim",
    "Apple": "> Em 2 de mar. de 2026, à(s) 08:00, Loja escreveu:\n>\n> Sim",
    "Thunderbird": "Em 02/03/2026 08:00, Loja escreveu:\n> Sim",
    "Outlook": "________________________________\nDe: Loja\nEnviado: segunda-feira\nPara: Ana\nAssunto: x\n\nSim",
    "Outlook, sent at": "De: Loja\nEnviada em: segunda-feira, 2 de março\nPara: Ana\nAssunto: x\n\nSim",
    "Outlook, in bold": "*De:* Loja\n*Enviada em:* segunda\n*Para:* Ana\n\nSim",
    "Outlook, old": "-----Mensagem original-----\nDe: Loja\nEnviada em: x\n\nSim",
    "forwarded": "---------- Mensagem encaminhada ---------\nDe: Loja\nDate: x\n\nSim",
    "Yahoo": "Em segunda-feira, 2 de março de 2026 08:00:00 BRT, Loja <a@b.example> escreveu:\n\nSim",
    "English": "On Mon, Mar 2, 2026 at 8:00 AM Store <a@b.example> wrote:\n> Yes",
    "English Outlook": "From: Store\nSent: Monday\nTo: Ana\nSubject: x\n\nYes",
    "Spanish": "El lun, 2 mar 2026 a las 8:00, Tienda (<a@b.example>) escribió:\n> Sí",
    "mobile": "Enviado do meu iPhone",
    "mobile, Android": "Enviado do Outlook para Android",
    "mobile, Outlook": "Obter o Outlook para iOS",
    "mobile, English": "Sent from my Galaxy",
    "signature": "-- \nAna Prado\nCompras",
    "quoted lines alone": "> Sim\n> Não",
}


@pytest.mark.parametrize("name", TAILS)
def test_what_is_answered_goes(name: str) -> None:
    assert reply_of(f"{NEW}\n\n{TAILS[name]}") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "Em dia com as contas, escreveu o jornal.",
        "De: São Paulo\nvou para o Rio amanhã.",
        "Enviado o pedido, quando chega?",
        "a\n-----\nb",
        "Preço: 10\nDe: 20",
        "Enviado de bicicleta seria mais rápido, mas\nchegou.",
    ],
)
def test_what_a_person_wrote_stays(text: str) -> None:
    assert reply_of(text) == text


def test_an_answer_under_what_it_answers_stays_whole() -> None:
    under = "Em 2 de mar., Loja escreveu:\n> Sim\n\nNão quero mais."
    assert reply_of(under) == under


def test_nothing_is_taken_of_nothing() -> None:
    assert reply_of("") == ""
    assert reply_of("> só citação") == "> só citação"
