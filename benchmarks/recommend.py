"""How long a recommendation takes, warm, among 10,000 offers and 10,000 needs: ``python -m benchmarks.recommend``.

The district is generated, the model the real one: reading its texts for the first time takes minutes, after that they
come from the cache. The baseline, in the same run, is the least that a dense search does: the product of one vector
with those of all offers, and a sort; for a new text the model's reading before it. It knows no words, no rules, no fit,
no free slots and no reasons.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import write_record
from embeddings import CachedEncoder, SentenceEncoder
from matching import Recommender, read_district
from matching.district import District
from matching.exporting import write_folder
from matching.generate import generate_district
from matching.texts import need_texts, offer_texts

ON = date(2026, 9, 14)
SEED = 1
ASKED = 300
LIMIT = 10
Asked = TypeVar("Asked")


def main() -> None:
    """Measure, print the figures and write them to ``benchmarks/results/recommend.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", type=int, default=10_000, help="needs, and offers, of the generated district"
    )
    district = _district(parser.parse_args().size)
    encoder = SentenceEncoder()
    cached = CachedEncoder(encoder)
    cached.encode([*need_texts(district.needs), *offer_texts(district)])
    before, start = _resident_mib(), time.process_time()
    recommender = Recommender(district, on=ON, encoder=cached)
    figures: dict[str, object] = {
        "needs": len(district.needs),
        "offers": len(district.offers),
        "build_cpu_seconds": round(time.process_time() - start, 2),
        "recommender_mib": round(_resident_mib() - before),
        "milliseconds": {
            **_baselines(district, encoder, cached),
            **_recommendations(district, recommender),
        },
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10),
    }
    print(json.dumps(figures, indent=2))
    write_record("recommend", figures, packages=("numpy", "pandas", "scipy", "bm25s", "onnxruntime"))


def _recommendations(district: District, recommender: Recommender) -> dict[str, object]:
    """Return the latencies of the product, each way of asking over the same needs or partners."""
    rows = np.random.default_rng(SEED).choice(len(district.needs), ASKED, replace=False)
    needs, schools = (
        district.needs["need_id"].iloc[rows].tolist(),
        district.needs["school_id"].iloc[rows].tolist(),
    )
    kinds = district.needs["kind"].iloc[rows].tolist()
    partners = district.offers["partner_id"].iloc[rows % len(district.offers)].tolist()
    assert recommender.offers_for(needs[0], limit=LIMIT).offers
    texts = list(zip(_new_texts(district, rows), kinds, schools, strict=True))
    return {
        "offers for a stored need": _latency(lambda need: recommender.offers_for(need, limit=LIMIT), needs),
        "offers for a new text": _latency(
            lambda asked: recommender.offers_for_text(asked[0], asked[1], school_id=asked[2], limit=LIMIT),
            texts,
        ),
        "needs for a partner": _latency(
            lambda partner: recommender.needs_for_partner(partner, limit=LIMIT), partners
        ),
    }


def _baselines(district: District, encoder: SentenceEncoder, cached: CachedEncoder) -> dict[str, object]:
    """Return the latencies of a cosine and a sort alone, over the same needs."""
    offers = np.ascontiguousarray(cached.encode(offer_texts(district)))
    needs = cached.encode(need_texts(district.needs))
    rows = np.random.default_rng(SEED).choice(len(needs), ASKED, replace=False)

    def nearest(row: int) -> list[int]:
        best: list[int] = np.argsort(-(offers @ needs[row]), kind="stable")[:LIMIT].tolist()
        return best

    def nearest_to_text(text: str) -> list[int]:
        best: list[int] = np.argsort(-(offers @ encoder.encode([text])[0]), kind="stable")[:LIMIT].tolist()
        return best

    return {
        "baseline: cosine and sort of a stored need": _latency(nearest, rows.tolist()),
        "baseline: model, cosine and sort of a new text": _latency(
            nearest_to_text, _new_texts(district, rows)
        ),
    }


def _new_texts(district: District, rows: NDArray[np.int64]) -> list[str]:
    """Return texts as long as needs are that no cache has seen: a word of this moment stands in each."""
    statements = need_texts(district.needs.iloc[rows])
    return [f"{said}, week {time.time_ns() // 1000} {row}" for row, said in enumerate(statements)]


def _latency(ask: Callable[[Asked], object], asked: Sequence[Asked]) -> dict[str, float]:
    """Return median and 99th percentile of the milliseconds of a question, by the wall's clock and of the processor."""
    for question in asked[:5]:
        ask(question)
    wall, cpu = [], []
    for question in asked[5:]:
        started, worked = time.perf_counter(), time.process_time()
        ask(question)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
    return {
        "wall_p50": _milliseconds(wall, 50),
        "wall_p99": _milliseconds(wall, 99),
        "cpu_p50": _milliseconds(cpu, 50),
        "cpu_p99": _milliseconds(cpu, 99),
    }


def _milliseconds(seconds: Sequence[float], percentile: int) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1000, 2)


def _district(size: int) -> District:
    """Return a generated district with so many needs and offers."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "district")
        tables = generate_district(max(3, size * 2 // 9), seed=SEED, num_needs=size, num_offers=size)
        write_folder(tables, folder)
        return read_district(folder)


def _resident_mib() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
