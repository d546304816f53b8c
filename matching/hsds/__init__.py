"""Import and export of the Human Services Data Specification 3.1 (Open Referral)."""

from matching.hsds.exporting import write_hsds
from matching.hsds.importing import Assumed, HsdsRead, read_hsds
from matching.hsds.merging import merge_hsds

__all__ = ["Assumed", "HsdsRead", "merge_hsds", "read_hsds", "write_hsds"]
