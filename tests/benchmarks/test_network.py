"""The benchmark of networks on a small one."""

from benchmarks.network import measure


def test_both_formulations_and_the_whole_allocation_agree() -> None:
    figures = measure(200)
    assert figures["penalties"] != "out of range"
    assert figures["pairs"] == 4000
