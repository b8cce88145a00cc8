"""What the pages of hosts and mentors say, in each language."""

from __future__ import annotations

from collections.abc import Mapping

from lms_internship_credit.lifecycle import State
from lms_internship_credit.telling import Words

EVALUATE = "evaluate"
"""How the form of the mentor's evaluation is called; it is no step."""

P: Mapping[str, Words] = {
    "title": {"en": "Internship of {student} at {firm}", "de": "Praktikum von {student} bei {firm}"},
    "other": {"en": "Diese Seite auf Deutsch", "de": "This page in English"},
    "wrong": {"en": "Please correct this", "de": "Bitte korrigieren Sie das"},
    "error": {"en": "Error", "de": "Fehler"},
    "due": {"en": "Please do this by {day}.", "de": "Bitte erledigen Sie das bis {day}."},
    "plan": {"en": "What is agreed or planned", "de": "Was vereinbart oder geplant ist"},
    "change": {"en": "What shall change", "de": "Was sich ändern soll"},
    "before": {"en": "Until now", "de": "Bisher"},
    "after": {"en": "From now on", "de": "Künftig"},
    "whole": {"en": "All of it, as it shall be", "de": "Alles, wie es werden soll"},
    "agreement": {"en": "Agreement, version {version}", "de": "Vereinbarung, Fassung {version}"},
    "pdf": {"en": "Read all of it (PDF)", "de": "Alles lesen (PDF)"},
    "unsigned": {"en": "Nobody has signed it yet.", "de": "Noch hat niemand unterschrieben."},
    "digest": {"en": "SHA-256 of what is signed", "de": "SHA-256 des Unterschriebenen"},
    "todo": {"en": "What you can do", "de": "Was Sie tun können"},
    "once": {
        "en": "This link is good for one of these steps.",
        "de": "Dieser Link gilt für einen dieser Schritte.",
    },
    "nothing": {
        "en": "There is nothing for you to do at the moment.",
        "de": "Im Augenblick ist für Sie nichts zu tun.",
    },
    "signed": {
        "en": "You have signed; the others have not yet.",
        "de": "Sie haben unterschrieben; die anderen noch nicht.",
    },
    "thanks": {
        "en": "Thank you. This is kept, and those concerned are told. You can close this page.",
        "de": "Danke, das ist gespeichert, und die Beteiligten erfahren davon. Sie können diese Seite schließen.",
    },
    "thanks_sign": {
        "en": "Thank you, your signature is kept. As soon as all three have signed, you get a mail with a link to the "
        "agreement. You can close this page.",
        "de": "Danke, Ihre Unterschrift ist gespeichert. Sobald alle drei unterschrieben haben, erhalten Sie eine "
        "E-Mail mit einem Link zur Vereinbarung. Sie können diese Seite schließen.",
    },
    "questions": {"en": "Questions", "de": "Fragen"},
    "optional": {"en": "optional", "de": "freiwillig"},
    "points_of": {"en": "1 is poor, 5 is excellent.", "de": "1 ist schlecht, 5 ist ausgezeichnet."},
}  # fmt: skip

STATES: Mapping[State, Words] = {
    "draft": {"en": "The student is still writing it.", "de": "Die studierende Person schreibt noch daran."},
    "proposed": {
        "en": "It is proposed: please confirm it and name who looks after the student, or send it back.",
        "de": "Es ist vorgeschlagen: bitte bestätigen Sie es und nennen Sie eine Betreuung, oder geben Sie es zurück.",
    },
    "returned": {"en": "It went back to the student.", "de": "Es ging an die studierende Person zurück."},
    "host_confirmed": {
        "en": "The host has confirmed it; the university is yet to approve.",
        "de": "Der Betrieb hat es bestätigt; die Hochschule muss noch zustimmen.",
    },
    "approved": {
        "en": "It is approved: student, host and university now sign the agreement.",
        "de": "Es ist genehmigt: studierende Person, Betrieb und Hochschule unterschreiben nun die Vereinbarung.",
    },
    "agreement_signed": {
        "en": "All three have signed; the university clears insurance, residence and wage.",
        "de": "Alle drei haben unterschrieben; die Hochschule klärt Versicherung, Aufenthalt und Vergütung.",
    },
    "cleared": {"en": "It can begin on its first day.", "de": "Es kann am ersten Tag beginnen."},
    "running": {"en": "It is under way.", "de": "Es läuft."},
    "amendment_pending": {
        "en": "A change is proposed. Until all three have signed it, the agreement before holds.",
        "de": "Eine Änderung ist vorgeschlagen. Bis alle drei sie unterschrieben haben, gilt die Vereinbarung davor.",
    },
    "interrupted": {"en": "It is interrupted.", "de": "Es ist unterbrochen."},
    "host_cancelled": {"en": "The host has cancelled it.", "de": "Der Betrieb hat es abgesagt."},
    "ended": {
        "en": "It has ended: please certify the days and hours. The student's report is awaited only after that.",
        "de": "Es ist zu Ende: bitte bescheinigen Sie Tage und Stunden. Erst danach wird der Bericht erwartet.",
    },
    "certified": {
        "en": "Days and hours are certified; the report and the mentor's evaluation are awaited.",
        "de": "Tage und Stunden sind bescheinigt; Bericht und Beurteilung durch den Betrieb werden erwartet.",
    },
    "report_submitted": {"en": "The report is there.", "de": "Der Bericht liegt vor."},
    "rework": {"en": "The report is being mended.", "de": "Der Bericht wird überarbeitet."},
    "lapsed": {"en": "It has lapsed: no report came in time.", "de": "Es ist verfallen: kein Bericht kam rechtzeitig."},
    "evaluated": {"en": "The examination board decides.", "de": "Der Prüfungsausschuss entscheidet."},
    "recognised": {"en": "It is recognised.", "de": "Es ist anerkannt."},
    "partial": {"en": "It is recognised in part.", "de": "Es ist teilweise anerkannt."},
    "rejected": {"en": "It is not recognised.", "de": "Es ist nicht anerkannt."},
    "appeal": {"en": "The examination board decides anew.", "de": "Der Prüfungsausschuss entscheidet neu."},
    "booked": {"en": "It is recognised and booked.", "de": "Es ist anerkannt und verbucht."},
    "withdrawn": {"en": "The student has withdrawn it.", "de": "Die studierende Person hat es zurückgezogen."},
}  # fmt: skip

ACTIONS: Mapping[str, tuple[Words, Words]] = {
    "confirm": (
        {"en": "Confirm it and name a mentor", "de": "Bestätigen und Betreuung nennen"},
        {"en": "Confirm", "de": "Bestätigen"},
    ),
    "return": (
        {"en": "Send it back to the student", "de": "An die studierende Person zurückgeben"},
        {"en": "Send back", "de": "Zurückgeben"},
    ),
    "sign": (
        {"en": "Sign the agreement", "de": "Vereinbarung unterschreiben"},
        {"en": "Sign", "de": "Unterschreiben"},
    ),
    "refuse": (
        {"en": "Refuse the change", "de": "Änderung ablehnen"},
        {"en": "Refuse", "de": "Ablehnen"},
    ),
    "amend": (
        {"en": "Propose a change, which all sign again", "de": "Änderung vorschlagen, die alle neu unterschreiben"},
        {"en": "Propose the change", "de": "Änderung vorschlagen"},
    ),
    "interrupt": (
        {"en": "Say that it is interrupted", "de": "Unterbrechung melden"},
        {"en": "It is interrupted", "de": "Unterbrechung melden"},
    ),
    "resume": (
        {"en": "Say that it goes on", "de": "Fortsetzung melden"},
        {"en": "It goes on", "de": "Fortsetzung melden"},
    ),
    "cancel": (
        {"en": "Cancel the internship", "de": "Praktikum absagen"},
        {"en": "Cancel the internship", "de": "Praktikum absagen"},
    ),
    "certify": (
        {"en": "Certify days and hours", "de": "Tage und Stunden bescheinigen"},
        {"en": "Certify", "de": "Bescheinigen"},
    ),
    EVALUATE: (
        {"en": "Evaluate the student's work", "de": "Arbeit beurteilen"},
        {"en": "Send the evaluation", "de": "Beurteilung senden"},
    ),
}  # fmt: skip
"""The heading of each form, and its button."""

FIELDS: Mapping[str, Words] = {
    "name": {"en": "Name of the mentor", "de": "Name der Betreuungsperson"},
    "email": {"en": "E-mail of the mentor", "de": "E-Mail der Betreuungsperson"},
    "position": {"en": "Position of the mentor", "de": "Funktion der Betreuungsperson"},
    "first_day": {"en": "First day", "de": "Erster Tag"},
    "last_day": {"en": "Last day", "de": "Letzter Tag"},
    "weekly_hours": {"en": "Hours a week", "de": "Stunden je Woche"},
    "place": {"en": "Place", "de": "Ort"},
    "tasks": {"en": "Tasks", "de": "Aufgaben"},
    "aims": {"en": "Aims: what is learnt", "de": "Ziele: was gelernt wird"},
    "monitoring": {"en": "How it is looked after", "de": "Wie begleitet wird"},
    "language": {"en": "Language", "de": "Sprache"},
    "pay_cents": {"en": "Pay a month, in EUR", "de": "Vergütung im Monat, in EUR"},
    "insurance": {"en": "Liability and accidents", "de": "Haftpflicht und Unfälle"},
    "note": {"en": "Why? Everybody concerned reads it.", "de": "Warum? Alle Beteiligten lesen es."},
    "day": {"en": "From which day on, if not today", "de": "Ab welchem Tag, wenn nicht heute"},
    "hours": {"en": "Hours worked, all in all", "de": "Geleistete Stunden insgesamt"},
    "absent_days": {"en": "Days of interruption in between", "de": "Tage der Unterbrechung dazwischen"},
    "agree": {
        "en": "I have read the agreement above and sign it.",
        "de": "Ich habe die Vereinbarung oben gelesen und unterschreibe sie.",
    },
    "knowledge": {"en": "Knowledge", "de": "Kenntnisse"},
    "quality": {"en": "Quality of work", "de": "Güte der Arbeit"},
    "initiative": {"en": "Initiative", "de": "Eigeninitiative"},
    "teamwork": {"en": "Teamwork", "de": "Zusammenarbeit"},
    "reliability": {"en": "Reliability", "de": "Zuverlässigkeit"},
    "words": {"en": "In words", "de": "In Worten"},
}

PROBLEMS: Mapping[str, Words] = {
    "needed": {"en": "“{field}” must be filled in.", "de": "„{field}“ muss ausgefüllt sein."},
    "date": {
        "en": "“{field}” must be a day such as 2027-04-05.",
        "de": "„{field}“ muss ein Tag sein wie 05.04.2027.",
    },
    "hours": {"en": "“{field}” must be a number such as 37.5.", "de": "„{field}“ muss eine Zahl sein wie 37,5."},
    "money": {
        "en": "“{field}” must be an amount such as 1200 or 1200.50.",
        "de": "„{field}“ muss ein Betrag sein wie 1200 oder 1200,50.",
    },
    "days": {"en": "“{field}” must be a whole number.", "de": "„{field}“ muss eine ganze Zahl sein."},
    "email": {
        "en": "“{field}” must be an address such as mia@firm.example.",
        "de": "„{field}“ muss eine Adresse sein wie mia@firma.example.",
    },
    "points": {"en": "“{field}”: choose 1 to 5.", "de": "„{field}“: wählen Sie 1 bis 5."},
    "long": {"en": "“{field}” is too long.", "de": "„{field}“ ist zu lang."},
    "agree": {
        "en": "Tick that you have read the agreement before you sign it.",
        "de": "Kreuzen Sie an, dass Sie die Vereinbarung gelesen haben, bevor Sie unterschreiben.",
    },
    "rule": {"en": "“{field}” cannot be kept like that.", "de": "„{field}“ kann so nicht gespeichert werden."},
    "moved": {
        "en": "This cannot be done any more: the internship has moved on meanwhile. It stands as shown here.",
        "de": "Das geht nicht mehr: das Praktikum ist inzwischen weiter. Wie es steht, sehen Sie hier.",
    },
    "unread": {"en": "Choose one of the steps below.", "de": "Wählen Sie einen der Schritte unten."},
}  # fmt: skip
"""What is wrong with a field, by the kind of the problem."""

RULES: Mapping[str, Words] = {
    "email": PROBLEMS["email"],
    "note": {
        "en": "Please say why (up to 4,000 characters).",
        "de": "Bitte sagen Sie, warum (bis zu 4.000 Zeichen).",
    },
    "sha256": {
        "en": "The agreement has changed since you opened this page. Please read it again before you sign.",
        "de": "Die Vereinbarung hat sich geändert, seit Sie die Seite geöffnet haben. Bitte lesen Sie sie noch einmal, "
        "bevor Sie unterschreiben.",
    },
    "weekly_hours": {
        "en": "The hours a week must be from 1 to 60.",
        "de": "Die Stunden je Woche müssen zwischen 1 und 60 liegen.",
    },
    "day": {
        "en": "The day must not lie after today, and not before the internship or its interruption began.",
        "de": "Der Tag darf nicht nach heute liegen und nicht vor dem Beginn des Praktikums oder der Unterbrechung.",
    },
    "amend.first_day": {
        "en": "The first day must stay {first}: the internship has begun.",
        "de": "Der erste Tag muss {first} bleiben: das Praktikum hat begonnen.",
    },
    "amend.last_day": {
        "en": "The last day must not be before the first or before today, nor more than 1000 days after the first.",
        "de": "Der letzte Tag darf nicht vor dem ersten oder vor heute liegen und höchstens 1000 Tage nach dem ersten.",
    },
    "certify.last_day": {
        "en": "The last day must not be before the first.",
        "de": "Der letzte Tag darf nicht vor dem ersten liegen.",
    },
    "certify.first_day": {
        "en": "The days must lie from {began} to {ended}, the days of the internship.",
        "de": "Die Tage müssen zwischen {began} und {ended} liegen, den Tagen des Praktikums.",
    },
    "certify.hours": {
        "en": "The hours must fit into the days: {day_hours} a day at most.",
        "de": "Die Stunden müssen in die Tage passen: höchstens {day_hours} je Tag.",
    },
    "certify.absent_days": {
        "en": "The days of interruption must be {absent} at least, which are on record, and fewer than all days from "
        "the first to the last.",
        "de": "Die Tage der Unterbrechung müssen mindestens {absent} sein, die gemeldet sind, und weniger als alle "
        "Tage vom ersten bis zum letzten.",
    },
}  # fmt: skip
"""What a rule says about a field, where needed by the step before its name."""
