"""What a coordinator is shown of the recruiting brief."""

from rich.markup import escape

from matching.recruits import RecruitingBrief
from service.terminal.console import out


def print_brief(brief: RecruitingBrief) -> None:
    """Print whom to recruit, best first, then why each level stays short."""
    if not brief.shortages:
        out.print("Nobody has to be found: every slot that a school asks for is filled.", soft_wrap=True)
        return
    if brief.recruits:
        out.print("[bold]Who to recruit[/], each line worked out again with all lines above it")
    else:
        out.print("No new offer of a usual kind would fill an open slot.", soft_wrap=True)
    for rank, recruit in enumerate(brief.recruits, start=1):
        out.print(f"{rank:>4}  {escape(recruit.sentence)}", soft_wrap=True)
        if recruit.schedule:
            out.print(f"      [dim]Times: {recruit.schedule.replace('|', ', ')}[/]", soft_wrap=True)
    out.print("\n[bold]Why each level stays short[/]")
    for shortage in brief.shortages:
        out.print(
            f"  {shortage.level}: {escape(shortage.sentence)} [dim]{escape(shortage.advice)}[/]",
            soft_wrap=True,
        )
