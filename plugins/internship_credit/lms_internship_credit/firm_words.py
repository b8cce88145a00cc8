"""What the pages of firms say: of those who apply for an offer, and of all that a firm offers."""

from __future__ import annotations

from collections.abc import Mapping

from lms_internship_credit.offers import State
from lms_internship_credit.telling import Words

TEXTS: Mapping[str, Words] = {
    "heading": {"en": "What {firm} offers", "de": "Angebote von {firm}"},
    "office": {
        "en": "Students see an offer once the office has released it, and anew after each change.",
        "de": "Studierende sehen ein Angebot, sobald das Büro es freigegeben hat, nach jeder Änderung neu.",
    },
    "none": {"en": "You have not offered anything yet.", "de": "Sie haben noch nichts angeboten."},
    "more": {"en": "More offers", "de": "Weitere Angebote"},
    "draft": {"en": "waits for its release", "de": "wartet auf die Freigabe"},
    "open": {"en": "open: students can apply until {day}", "de": "offen: Bewerbungen sind bis {day} möglich"},
    "closed": {"en": "closed", "de": "geschlossen"},
    "period": {
        "en": "{first} to {last}; {free} of {places} places are free.",
        "de": "{first} bis {last}; {free} von {places} Plätzen sind frei.",
    },
    "change": {"en": "Change this offer", "de": "Dieses Angebot ändern"},
    "save": {"en": "Hand in", "de": "Einreichen"},
    "close": {"en": "Close it: no more applications", "de": "Schließen: keine Bewerbungen mehr"},
    "hand_in": {"en": "Hand it in anew", "de": "Neu einreichen"},
    "new": {"en": "Offer places", "de": "Plätze anbieten"},
    "kept": {"en": "Thank you; this is kept.", "de": "Danke; das ist gespeichert."},
    "nobody": {"en": "Nobody has applied yet.", "de": "Noch hat sich niemand beworben."},
    "refused": {
        "en": "This is not possible any more. How it stands with each applicant, and why, you see below.",
        "de": "Das geht nicht mehr. Wie es bei wem steht und warum, sehen Sie unten.",
    },
    "moved": {
        "en": "This was changed by somebody else meanwhile; this is how it stands now.",
        "de": "Das hat inzwischen jemand anderes geändert; so steht es jetzt.",
    },
    "first": {"en": "The first of all contacts", "de": "Der erste aller Kontakte"},
    "nowhere": {"en": "Not said", "de": "Nicht gesagt"},
    "any": {"en": "Mandatory and voluntary internships", "de": "Pflichtpraktika und freiwillige Praktika"},
    "mandatory": {"en": "Mandatory internships only", "de": "Nur Pflichtpraktika"},
    "voluntary": {"en": "Voluntary internships only", "de": "Nur freiwillige Praktika"},
}

STATES: Mapping[State, Words] = {
    "applied": {"en": "Waits for your decision", "de": "Wartet auf Ihre Entscheidung"},
    "placed": {"en": "Has a place", "de": "Hat einen Platz"},
    "waiting": {"en": "Waits for the next place that becomes free", "de": "Wartet auf den nächsten freien Platz"},
    "declined": {"en": "Declined", "de": "Abgesagt"},
}

DECISIONS: Mapping[str, Words] = {
    "agree": {"en": "Agree", "de": "Zusagen"},
    "decline": {"en": "Decline", "de": "Absagen"},
    "back": {"en": "Take this back", "de": "Zurücknehmen"},
}

FIXED: Mapping[str, Words] = {
    "no_place": {
        "en": "All places have gone to others, so this cannot be taken back.",
        "de": "Alle Plätze sind an andere vergeben, deshalb lässt sich das nicht zurücknehmen.",
    },
    "begun": {
        "en": "An internship was begun on this place. It is cancelled by the link to that internship.",
        "de": "Auf diesem Platz hat ein Praktikum begonnen. Abgesagt wird es über den Link zu diesem Praktikum.",
    },
}
"""Why what was decided on an applicant cannot be taken back."""

FIELDS: Mapping[str, Words] = {
    "title": {"en": "Title", "de": "Titel"},
    "tasks": {"en": "Tasks", "de": "Aufgaben"},
    "skills": {"en": "What students should know", "de": "Was Studierende können sollen"},
    "site_id": {"en": "Site", "de": "Standort"},
    "contact_id": {"en": "Contact", "de": "Kontakt"},
    "place": {"en": "Place", "de": "Ort"},
    "language": {"en": "Language, such as German B1", "de": "Sprache, etwa Deutsch B1"},
    "first_day": {"en": "First day", "de": "Erster Tag"},
    "last_day": {"en": "Last day", "de": "Letzter Tag"},
    "weekly_hours": {"en": "Hours a week", "de": "Stunden je Woche"},
    "pay_cents": {"en": "Pay a month, in EUR", "de": "Vergütung im Monat, in EUR"},
    "kind": {"en": "For", "de": "Für"},
    "places": {"en": "Number of places", "de": "Anzahl der Plätze"},
    "closes_on": {"en": "Last day of applications", "de": "Letzter Tag für Bewerbungen"},
}

RULES: Mapping[str, Words] = {
    "first_day": {"en": "must be a day such as 2027-04-05", "de": "muss ein Tag sein wie 05.04.2027"},
    "last_day": {
        "en": "must be a day on or after the first, by 1000 days at most",
        "de": "muss ein Tag sein, nicht vor dem ersten und höchstens 1000 Tage danach",
    },
    "closes_on": {
        "en": "must be a day, neither over nor after the first day of the internship",
        "de": "muss ein Tag sein, weder vorbei noch nach dem ersten Tag des Praktikums",
    },
    "weekly_hours": {"en": "must be from 1 to 60, such as 37.5", "de": "muss von 1 bis 60 sein, etwa 37,5"},
    "pay_cents": {
        "en": "must be an amount such as 1200 or 1200.50",
        "de": "muss ein Betrag sein wie 1200 oder 1200,50",
    },
    "places": {
        "en": "must be a number from 1 to 1000, and no fewer than are given",
        "de": "muss eine Zahl von 1 bis 1000 sein, und nicht weniger als vergeben sind",
    },
    "site_id": {"en": "must be one of yours", "de": "muss einer der Ihren sein"},
    "contact_id": {"en": "must be one of yours", "de": "muss einer der Ihren sein"},
    "tasks": {
        "en": "must say something, in 20,000 characters at most",
        "de": "muss etwas sagen, in höchstens 20.000 Zeichen",
    },
    "skills": {"en": "must have 20,000 characters at most", "de": "darf höchstens 20.000 Zeichen haben"},
}
"""What a field must be; any other is a line of text that must not be empty."""

LINE: Words = {
    "en": "must be filled in, in 200 characters at most",
    "de": "muss ausgefüllt sein, mit höchstens 200 Zeichen",
}
