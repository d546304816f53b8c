"""The forms of a page as a browser reads and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

Fields = list[tuple[str, str]]


@dataclass
class Form:
    """Where a form is sent to ("" is its own page), and what stands in it."""

    action: str
    fields: Fields = field(default_factory=list)

    def sent(self, **others: str) -> dict[str, list[str]]:
        """Return what is sent once someone wrote other texts into some fields."""
        data: dict[str, list[str]] = {}
        for name, value in self.fields:
            data.setdefault(name, []).append(value)
        return data | {name: [value] for name, value in others.items()}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select, self._text, self._is_first = "", "", False

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        cells = {name: value or "" for name, value in found}
        if tag == "form":
            self.forms.append(Form(cells.get("action", "")))
        elif not self.forms:
            return
        elif tag == "input" and (cells.get("type") not in ("checkbox", "radio") or "checked" in cells):
            value = cells.get("value", "")
            # What is shown in one line is sent in one line.
            self._keep(cells["name"], value if "type" in cells else value.replace("\n", ""))
        elif tag == "select":
            self._select, self._is_first = cells["name"], True
        elif tag == "option" and self._select:
            self._choose(cells)
        elif tag == "textarea":
            self._keep(cells["name"], "")
            self._text = cells["name"]

    def _choose(self, cells: dict[str, str]) -> None:
        if self._is_first:
            self._keep(self._select, cells["value"])
        elif "selected" in cells:
            self.forms[-1].fields[-1] = self._select, cells["value"]
        self._is_first = False

    def handle_data(self, data: str) -> None:
        if self._text:
            name, value = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = name, value + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            name, value = self.forms[-1].fields[-1]
            # A browser drops the line break that begins a field, and sends \r\n for the others.
            self.forms[-1].fields[-1] = name, value.removeprefix("\n").replace("\n", "\r\n")
            self._text = ""

    def _keep(self, name: str, value: str) -> None:
        self.forms[-1].fields.append((name, value))


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def form_with(page: str, name: str) -> Form:
    """Return the first form of a page that has a field whose name begins so, or is sent to such an address."""
    return next(
        form
        for form in forms_of(page)
        if name in form.action or any(field_name.startswith(name) for field_name, _ in form.fields)
    )
