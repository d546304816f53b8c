"""What a coordinator gets in hand: CSV files, a summary, one page to read and a workbook."""

from matching.report.headlines import BestMatch, Headlines, UrgentGap, headlines
from matching.report.results import write_results

__all__ = ["BestMatch", "Headlines", "UrgentGap", "headlines", "write_results"]
