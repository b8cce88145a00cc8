"""Firms on the wire, and where in its firm a case is: site, contact, and the offer by which its place was got."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Table, func, select

from lms_core.api import AsyncConnection, Name, Payload, View
from lms_internship_credit import tables as t
from lms_internship_credit.case import Email

Country = Annotated[str, msgspec.Meta(min_length=2, max_length=2, pattern=r"^[A-Z]{2}(?!\n)$", examples=["DE"])]
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")]
Kind = Literal["any", "mandatory", "voluntary"]


class NewContact(Payload, frozen=True, kw_only=True):
    """Whom to write to at a firm; one that is known keeps its `id`. Without `language` that of the firm's country."""

    id: UUID | None = None
    name: Name
    email: Email
    position: Line = ""
    language: Literal["de", "en"] | None = None


class NewSite(Payload, frozen=True, kw_only=True):
    """Where a firm has people at work: street, place and country (ISO 3166); one that is known keeps its `id`."""

    id: UUID | None = None
    name: Name
    street: Line = ""
    place: Name
    country: Country


class NewOrganisation(Payload, frozen=True, kw_only=True):
    """A firm: name, place and country (ISO 3166) of its seat, contacts (the first stands for all), and sites."""

    name: Name
    place: Name
    country: Country
    contacts: Annotated[list[NewContact], msgspec.Meta(min_length=1, max_length=50)]
    sites: Annotated[list[NewSite], msgspec.Meta(max_length=50)] = []


class Contact(View, frozen=True, kw_only=True):
    """Whom to write to at a firm, and in which language."""

    id: UUID
    name: str
    email: str
    position: str
    language: Literal["de", "en"]


class Site(View, frozen=True, kw_only=True):
    """Where a firm has people at work."""

    id: UUID
    name: str
    street: str
    place: str
    country: str


class Organisation(View, frozen=True, kw_only=True):
    """A firm. Who is written to there, only the office sees (else null)."""

    id: UUID
    name: str
    place: str
    country: str
    contacts: list[Contact] | None
    sites: list[Site]
    revision: int


class Organisations(View, frozen=True):
    """A page of firms; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Organisation]
    next: UUID | None


class Host(View, frozen=True, kw_only=True):
    """The firm of a case, at which site it is (null: not said), and whom to write to there."""

    id: UUID
    name: str
    place: str
    country: str
    site: Site | None
    contact: Contact | None


class Placed(View, frozen=True, kw_only=True):
    """The offer by which a place was got, and the application; `kind` is for which internships the firm offered it."""

    offer_id: UUID
    application_id: UUID
    title: str
    kind: Kind


async def host_of(connection: AsyncConnection, case_id: UUID) -> tuple[Host, Contact, Placed | None]:
    """Return the firm of a case without and with whom to write to there, and the offer that led to it. One statement.

    Where the case names no contact, or names one no longer, the firm's first is written to.
    """
    c, firm, a, o = t.case.c, t.organisation.c, t.application.c, t.offer.c
    columns = [firm.id, firm.name, firm.place, firm.country]
    placed = [a.id.label("application_id"), a.offer_id, o.title, o.kind]
    query = (
        select(*columns, *named(Site, t.site), *named(Contact, t.contact), *placed)
        .select_from(t.case)
        .join(t.organisation, firm.id == c.organisation_id)
        .join(t.contact, t.contact.c.id == func.coalesce(c.contact_id, first_contact(firm.id)))
        .outerjoin(t.site, t.site.c.id == c.site_id)
        .outerjoin(t.application, a.id == c.application_id)
        .outerjoin(t.offer, o.id == a.offer_id)
        .where(c.id == case_id)
    )
    row = (await connection.execute(query)).one()._mapping
    contact = Contact(**taken(row, Contact, t.contact))
    site = Site(**taken(row, Site, t.site)) if row["site_id"] else None
    host = Host(**{one.name: row[one.name] for one in columns}, site=site, contact=None)
    came = Placed(**{name: row[name] for name in Placed.__struct_fields__}) if row["application_id"] else None
    return host, contact, came


def first_contact(organisation_id: Any) -> Any:
    """Select the id of the contact that stands for all of a firm."""
    other = t.contact.alias()
    query = select(other.c.id).where(other.c.organisation_id == organisation_id)
    return query.order_by(other.c.number).limit(1).scalar_subquery()


def named(kind: type[View], table: Table) -> list[Any]:
    """Select what a View shows of a table, under names with the table's in front: they are joined."""
    return [table.c[name].label(f"{table.name.rpartition('_')[2]}_{name}") for name in kind.__struct_fields__]


def taken(row: Any, kind: type[View], table: Table) -> dict[str, Any]:
    """Return the fields of a View from a row into which `named` has put them."""
    return {name: row[f"{table.name.rpartition('_')[2]}_{name}"] for name in kind.__struct_fields__}
