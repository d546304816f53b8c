import numpy as np
import pytest

from embeddings import PairScorer, SentenceEncoder, WordHashEncoder
from embeddings.calibration import UNCALIBRATED, Calibration, calibration_of


def test_bundled_model_is_calibrated() -> None:
    calibration = calibration_of(SentenceEncoder().name)
    assert calibration.is_probability
    assert calibration.dense > 0
    assert calibration.lexical > 0


@pytest.mark.parametrize("model", ["all-MiniLM-L6-v2", "all-MiniLM-L6-v2@00000000", "word-hash-256", ""])
def test_another_model_is_refused_the_calibration(model: str) -> None:
    assert calibration_of(model) == UNCALIBRATED


def test_probability_worked_by_hand() -> None:
    calibration = Calibration(dense=2.0, lexical=4.0, intercept=-3.0, is_probability=True)
    total = calibration.total(*np.array([[0.5, 1.0, 0.0]] * 2, np.float32))
    # 2 * 0.5 + 4 * 0.5 - 3 = 0; 2 + 4 - 3 = 3; -3. 1 / (1 + e^-3) = 0.9526.
    assert total.tolist() == [0, 3, -3]
    assert calibration.similarity(total) == pytest.approx([0.5, 0.9526, 0.0474], abs=1e-4)


def test_without_calibration_a_similarity_is_cut_to_0_and_1() -> None:
    total = UNCALIBRATED.total(*np.array([[-0.4, 0.5, 1.0], [0.0, 0.125, 0.9]], np.float32))
    assert UNCALIBRATED.similarity(total).tolist() == pytest.approx([0, 0.5, 1])


def test_similarity_of_a_pair_is_its_blocks_to_the_last_bit() -> None:
    random = np.random.default_rng(8)
    calibration = Calibration(dense=5.4, lexical=13.7, intercept=-3.6, is_probability=True)
    total = calibration.total(*random.random((2, 40, 33), np.float32))
    single = [calibration.similarity(total[i, j : j + 1])[0] for i in range(40) for j in range(33)]
    assert single == calibration.similarity(total).ravel().tolist()


def test_coverage_does_not_grow_with_the_length_of_the_need() -> None:
    documents = [f"{a} {b} help" for a in ("reading", "math", "music") for b in ("evening", "morning")]
    short, long = "reading evening", "reading evening " + "reading evening " * 9
    scores = PairScorer([short, long], documents, WordHashEncoder()).block(slice(None))
    assert scores.lexical[1, 0] < 1
    assert scores.lexical[0, 0] < scores.lexical[1, 0] < 10 * scores.lexical[0, 0]
