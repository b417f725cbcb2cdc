"""What a caller hears, as Twilio's markup: made with an XML writer, so that no text becomes markup.

Each verb that waits for something names the URL that is asked then; where nothing came, `Redirect` asks it.
Source: twilio.com/docs/voice/twiml.
"""

from __future__ import annotations

from collections.abc import Sequence
from re import compile as pattern
from xml.etree.ElementTree import Element, SubElement, tostring

from recado.domain.calls import CallPlan, Dial, Goodbye, Greet, HangUp, Hold, Menu, Step, Voicemail

_GATHER_S = 5
_SILENCE_S = 5
_UNSAID = pattern("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""
_PHRASES = {
    "pt-BR": {
        "option": "Para {label}, digite {digit}.",
        "again": "Não entendi.",
        "hold": "Um momento, por favor.",
        "nobody": "No momento ninguém pode atender.",
        "record": "Deixe sua mensagem após o sinal.",
        "bye": "Obrigado. Até logo.",
        "*": "asterisco",
        "#": "jogo da velha",
    },
    "en-US": {
        "option": "For {label}, press {digit}.",
        "again": "Sorry, I did not get that.",
        "hold": "One moment, please.",
        "nobody": "Nobody can take your call right now.",
        "record": "Please leave a message after the tone.",
        "bye": "Thank you. Goodbye.",
        "*": "star",
        "#": "pound",
    },
}


def document(steps: Sequence[Step], plan: CallPlan, number: str, url: str) -> str:
    """The answer to a request about a call. `number`: ours, which an agent sees calling."""
    response = Element("Response")
    for step in steps:
        _Writer(response, plan, number, url).add(step)
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")


class _Writer:
    """Adds steps to a response."""

    def __init__(self, response: Element, plan: CallPlan, number: str, url: str) -> None:
        self._response, self._plan, self._number, self._url = response, plan, number, url
        self._phrases = _PHRASES[plan.language]

    def add(self, step: Step) -> None:
        """One step."""
        match step:
            case Menu(again):
                self._menu(again)
            case Greet():
                if self._plan.greeting:
                    self._say(self._response, self._plan.greeting)
            case Hold(seconds, first):
                if first:
                    self._say(self._response, self._phrases["hold"])
                SubElement(self._response, "Pause", length=str(seconds))
                self._ask_again()
            case Dial():
                self._dial(step)
            case Voicemail(away, seconds):
                self._voicemail(away, seconds)
            case Goodbye():
                self._say(self._response, self._phrases["bye"])
                SubElement(self._response, "Hangup")
            case HangUp():
                SubElement(self._response, "Hangup")

    def _menu(self, again: bool) -> None:
        gather = SubElement(
            self._response,
            "Gather",
            input="dtmf",
            numDigits="1",
            timeout=str(_GATHER_S),
            finishOnKey="",
            action=self._url,
            method="POST",
        )
        first = self._phrases["again"] if again else self._plan.greeting
        options = [
            self._phrases["option"].format(label=one.label, digit=self._phrases.get(one.digit, one.digit))
            for one in self._plan.options
        ]
        self._say(gather, " ".join([*([first] if first else []), *options]))
        self._ask_again()

    def _dial(self, step: Dial) -> None:
        dial = SubElement(
            self._response,
            "Dial",
            callerId=self._number,
            timeout=str(step.ring_s),
            action=self._url,
            method="POST",
        )
        if step.record:
            dial.set("record", "record-from-answer-dual")
            self._tell_recording(dial)
        number = SubElement(
            dial,
            "Number",
            statusCallback=self._url,
            statusCallbackMethod="POST",
            statusCallbackEvent="answered",
        )
        number.text = step.phone

    def _voicemail(self, away: str | None, seconds: int) -> None:
        self._say(self._response, f"{away or self._phrases['nobody']} {self._phrases['record']}")
        record = SubElement(
            self._response,
            "Record",
            maxLength=str(seconds),
            timeout=str(_SILENCE_S),
            playBeep="true",
            trim="trim-silence",
            action=self._url,
            method="POST",
        )
        self._tell_recording(record)
        self.add(Goodbye())

    def _tell_recording(self, verb: Element) -> None:
        verb.set("recordingStatusCallback", self._url)
        verb.set("recordingStatusCallbackMethod", "POST")
        verb.set("recordingStatusCallbackEvent", "completed")

    def _ask_again(self) -> None:
        SubElement(self._response, "Redirect", method="POST").text = self._url

    def _say(self, parent: Element, text: str) -> None:
        SubElement(parent, "Say", language=self._plan.language).text = _UNSAID.sub(" ", text)
