"""The catalog of mutations follows the code."""

import pytest

from benchmarks.mutations_catalog import CATALOG, ROOT, Mutation


@pytest.mark.parametrize("mutation", CATALOG, ids=lambda mutation: mutation.name)
def test_mutation_changes_one_place_of_the_code(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    changed = mutation.applied_to(text)
    assert changed != text
    compile(changed, mutation.file, "exec")
