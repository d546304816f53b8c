"""What HSDS 3.1 holds: its tables, their columns, and how its JSON nests them.

References
----------
Open Referral, Human Services Data Specification 3.1, https://docs.openreferral.org.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Row = dict[str, str]
"""One row of a table, text by column; a blank cell is not there."""
Rows = dict[str, list[Row]]
"""Rows by table."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class HsdsTable:
    """One table of HSDS, named as its CSV file.

    Parameters
    ----------
    entity
        Name of one row, as in ``service_id``.
    columns
        All columns, in the order of the specification.
    required, numbers
        Those that each row fills, and those that hold a number.
    nested
        Keys under which the JSON form of a row holds rows of other tables.
    """

    entity: str
    columns: tuple[str, ...]
    required: frozenset[str]
    numbers: frozenset[str]
    nested: tuple[str, ...]


def _table(entity: str, columns: str, nested: str = "attributes metadata") -> HsdsTable:
    """Return a table from its columns, ``!`` after each that is required and ``#`` after each with a number."""
    marked = columns.split()
    names = tuple(name.rstrip("!#") for name in marked)
    required = frozenset(name.rstrip("!#") for name in marked if "!" in name)
    numbers = frozenset(name.rstrip("!#") for name in marked if "#" in name)
    return HsdsTable(entity, names, required, numbers, tuple(nested.split()))


HSDS_TABLES: Final[Mapping[str, HsdsTable]] = MappingProxyType(
    {
        "organizations": _table(
            "organization",
            "id! name! alternate_name description! email website tax_status tax_id year_incorporated# legal_status "
            "logo uri parent_organization_id",
            "additional_websites funding contacts phones locations programs organization_identifiers attributes "
            "metadata",
        ),
        "programs": _table("program", "id! organization_id! name! alternate_name description!"),
        "services": _table(
            "service",
            "id! organization_id! program_id name! alternate_name description url email status! "
            "interpretation_services application_process fees_description wait_time fees accreditations "
            "eligibility_description minimum_age# maximum_age# assured_date assurer_email licenses alert "
            "last_modified",
            "additional_urls phones schedules service_areas service_at_locations languages organization funding "
            "cost_options program required_documents contacts capacities attributes metadata",
        ),
        "service_at_location": _table(
            "service_at_location",
            "id! service_id! location_id! description",
            "service_areas contacts phones schedules location attributes metadata",
        ),
        "locations": _table(
            "location",
            "id! location_type! url organization_id name alternate_name description transportation latitude# "
            "longitude# external_identifier external_identifier_type",
            "languages addresses contacts accessibility phones schedules attributes metadata",
        ),
        "contacts": _table(
            "contact",
            "id! organization_id service_id service_at_location_id location_id name title department email",
            "phones attributes metadata",
        ),
        "phones": _table(
            "phone",
            "id! location_id service_id organization_id contact_id service_at_location_id number! extension# type "
            "description",
            "languages attributes metadata",
        ),
        "addresses": _table(
            "address",
            "id! location_id attention address_1! address_2 city! region state_province! postal_code! country! "
            "address_type!",
        ),
        "schedules": _table(
            "schedule",
            "id! service_id location_id service_at_location_id valid_from valid_to dtstart timezone# until count# "
            "wkst freq interval# byday byweekno bymonthday byyearday description opens_at closes_at schedule_link "
            "attending_type notes",
        ),
        "funding": _table("funding", "id! organization_id service_id source"),
        "service_areas": _table(
            "service_area", "id! service_id service_at_location_id name description extent extent_type uri"
        ),
        "required_documents": _table("required_document", "id! service_id document uri"),
        "languages": _table("language", "id! service_id location_id phone_id name code note"),
        "accessibility": _table("accessibility", "id! location_id description details url"),
        "cost_options": _table(
            "cost_option",
            "id! service_id! valid_from valid_to option currency amount# amount_description",
        ),
        "organization_identifiers": _table(
            "organization_identifier",
            "id! organization_id! identifier_scheme identifier_type! identifier!",
        ),
        "service_capacity": _table(
            "service_capacity",
            "id! service_id! unit_id! available#! maximum# description updated!",
            "unit attributes metadata",
        ),
        "units": _table("unit", "id! name! scheme identifier uri"),
        "url": _table("url", "id! label url! organization_id service_id"),
        "attributes": _table(
            "attribute",
            "id! link_id! taxonomy_term_id! link_type link_entity! value label",
            "taxonomy_term metadata",
        ),
        "taxonomy_terms": _table(
            "taxonomy_term",
            "id! code name! description! parent_id taxonomy language taxonomy_id term_uri",
            "taxonomy_detail metadata",
        ),
        "taxonomies": _table("taxonomy", "id! name! description! uri version", "metadata"),
        "metadata": _table(
            "metadata",
            "id! resource_id! resource_type! last_action_date! last_action_type! field_name! previous_value! "
            "replacement_value! updated_by!",
            "",
        ),
        "meta_table_descriptions": _table("meta_table_description", "id! name language character_set"),
    }
)

WORDS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("services", "status"): ("active", "inactive", "defunct", "temporarily closed"),
        ("locations", "location_type"): ("physical", "postal", "virtual"),
        ("schedules", "freq"): ("WEEKLY", "MONTHLY"),
        ("schedules", "wkst"): ("MO", "TU", "WE", "TH", "FR", "SA", "SU"),
    }
)
"""The columns that hold one of a few words."""

NESTED_LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {name: name for name in HSDS_TABLES if name not in ("service_at_location", "service_capacity", "url")}
    | {
        "additional_websites": "url",
        "additional_urls": "url",
        "service_at_locations": "service_at_location",
        "capacities": "service_capacity",
    }
)
"""Table of the rows under each key of the JSON form that holds a list."""

NESTED_ROWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "organization": "organizations",
        "program": "programs",
        "location": "locations",
        "unit": "units",
        "taxonomy_term": "taxonomy_terms",
        "taxonomy_detail": "taxonomies",
    }
)
"""Table of the row under each key of the JSON form that holds a single one."""

REFERENCES: Final[Mapping[str, str]] = MappingProxyType(
    {f"{table.entity}_id": name for name, table in HSDS_TABLES.items()}
)
"""Table whose id each column of this name holds."""


def link_column(table: str, parent: str) -> str:
    """Return the column with which a row of a table says to which row of another table it belongs."""
    if table == "attributes":
        return "link_id"
    return "resource_id" if table == "metadata" else f"{HSDS_TABLES[parent].entity}_id"


def reference_column(key: str) -> str:
    """Return the column that refers to the single row under a key of the JSON form."""
    return f"{HSDS_TABLES[NESTED_ROWS[key]].entity}_id"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, which all ids of HSDS are."""
    return _UUID.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is a decimal number that a computer can hold."""
    return _NUMBER.fullmatch(text.strip()) is not None and math.isfinite(float(text))
