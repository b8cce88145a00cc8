"""How the page of a host sends a file: straight to the content store, before its form is sent as any other.

Without its script the page has no place for files.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from lms_internship_credit.papers import BRINGS, MOST_BYTES, TYPES, Kind, obstacle
from lms_internship_credit.telling import Language, Words
from lms_internship_credit.wire import CaseView

BRING = "bring"
"""How the form of a document is called; it is no step."""

S: Mapping[str, Words] = {
    "heading": {"en": "Send a document", "de": "Dokument senden"},
    "kind": {"en": "What it is", "de": "Was es ist"},
    "file": {"en": "The document", "de": "Das Dokument"},
    "scan": {"en": "A scan of the certificate", "de": "Ein Scan der Bescheinigung"},
    "optional": {"en": "optional", "de": "freiwillig"},
    "limits": {
        "en": f"PDF, JPEG or PNG, {MOST_BYTES // 1024**2} MB at most",
        "de": f"PDF, JPEG oder PNG, höchstens {MOST_BYTES // 1024**2} MB",
    },
    "button": {"en": "Send", "de": "Senden"},
    "sending": {"en": "It is being sent…", "de": "Wird gesendet…"},
    "failed": {
        "en": "The file could not be sent. Try again, or send it to the university.",
        "de": "Die Datei konnte nicht gesendet werden. Versuchen Sie es noch einmal, oder schicken Sie sie der "
        "Hochschule.",
    },
    "thanks": {
        "en": "Thank you, the document is kept. You can close this page.",
        "de": "Danke, das Dokument ist gespeichert. Sie können diese Seite schließen.",
    },
}  # fmt: skip

KINDS: Mapping[Kind, Words] = {
    "report": {"en": "Report", "de": "Bericht"},
    "certificate": {"en": "Certificate", "de": "Bescheinigung"},
    "insurance": {"en": "Proof of insurance", "de": "Versicherungsnachweis"},
    "contract": {"en": "Contract", "de": "Vertrag"},
}

SCRIPT = """
const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, "0")).join("")
const sha256 = async blob => hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))
const told = async answer => {
  if (!answer.ok) throw Error((await answer.json().catch(() => ({}))).detail ?? `It was refused (${answer.status}).`)
  return answer.json()
}
const call = (method, path, body) => fetch(`${location.pathname}/files/${path}${location.search}`, {
  method, body: JSON.stringify(body), headers: {"Content-Type": "application/json", Accept: "application/json"},
}).then(told)

async function send(file) {
  const id = crypto.randomUUID()
  const what = {name: file.name, size: file.size, contentType: file.type, sha256: await sha256(file)}
  const {partSize} = await call("PUT", id, what)
  const pieces = [], parts = []
  for (let start = 0; start < file.size; start += partSize) pieces.push(file.slice(start, start + partSize))
  for (const piece of pieces) parts.push({number: parts.length + 1, sha256: await sha256(piece)})
  for (const {number, url, headers} of (await call("PUT", id, {...what, parts})).parts) {
    const sent = await fetch(url, {method: "PUT", headers, body: pieces[number - 1]})
    if (!sent.ok) throw Error(`The store refused it (${sent.status}).`)
  }
  await call("POST", `${id}/complete`, {parts})
  return id
}

for (const hidden of document.querySelectorAll("[data-file]")) hidden.hidden = false
for (const chosen of document.querySelectorAll("input[type=file]")) {
  chosen.form.addEventListener("submit", event => chosen.files.length && submit(event, chosen))
}

async function submit(event, chosen) {
  event.preventDefault()
  const form = chosen.form, button = form.querySelector("button"), status = form.querySelector("[role=status]")
  button.disabled = true
  status.textContent = status.dataset.sending
  try {
    form.elements.file.value = await send(chosen.files[0])
    form.submit()
  } catch (error) {
    status.textContent = `${status.dataset.failed} (${error.message})`
    button.disabled = false
  }
}
"""


def file_field(action: str, language: Language) -> str:
    """Return the field of a form by which a scan can be chosen; only the id that it gets is sent with the form."""
    hint = f' <span class="hint">({S["optional"][language]}; {S["limits"][language]})</span>'
    return f"<div data-file hidden>{_chosen(action, S['scan'][language] + hint, language)}</div>"


def bring_form(case: CaseView, language: Language, query: str) -> str:
    """Return the form by which a host sends a document; none before there is an agreement, nor after the end."""
    began = case.began_on is not None
    kinds = [kind for kind in BRINGS["host"] if not obstacle("host", kind, case.state, began=began)]
    if not kinds or not case.version:
        return ""
    options = "".join(f'<option value="{kind}">{KINDS[kind][language]}</option>' for kind in kinds)
    label = f'{S["file"][language]} <span class="hint">({S["limits"][language]})</span>'
    return (
        f"<details data-file hidden><summary>{S['heading'][language]}</summary>"
        f'<form method="post" action="{escape(query)}" id="{BRING}">'
        f'<input type="hidden" name="action" value="{BRING}"><p class="field">'
        f'<label for="{BRING}-kind">{S["kind"][language]}</label>'
        f'<select id="{BRING}-kind" name="kind">{options}</select></p>{_chosen(BRING, label, language, " required")}'
        f"<button>{S['button'][language]}</button></form></details>"
    )


def _chosen(action: str, label: str, language: Language, marks: str = "") -> str:
    place, told = f"{action}-file", f'data-sending="{S["sending"][language]}" data-failed="{S["failed"][language]}"'
    return (
        f'<p class="field"><label for="{place}">{label}</label>'
        f'<input id="{place}" type="file" accept="{",".join(TYPES)}"{marks}></p>'
        f'<input type="hidden" name="file"><p role="status" {told}></p>'
    )
