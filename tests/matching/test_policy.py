"""The policy: defaults, files, and everything that is refused."""

from pathlib import Path

import pytest

from matching.policy import (
    Policy,
    Weights,
    changed_settings,
    policy_as_toml,
    policy_from_mapping,
    read_policy,
    settings_of,
    with_settings,
)
from matching.vocabulary import LEVELS


def test_an_empty_file_is_the_default_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("")
    assert read_policy(tmp_path / "policy.toml") == Policy()


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    text = "[rules]\nrequire_clearance = true\n[fit]\nfloor = 1\n[fit.weights]\nquality = 0.5\n"
    (tmp_path / "policy.toml").write_text("\ufeff" + text, encoding="utf-8")
    policy = read_policy(tmp_path / "policy.toml")
    assert policy.rules.require_clearance is True
    assert policy.fit.floor == 1.0
    assert policy.fit.weights == Weights(quality=0.5)
    assert policy.candidates == Policy().candidates


def test_a_file_may_reorder_the_levels(tmp_path: Path) -> None:
    levels = [*LEVELS[5:], *LEVELS[:5]]
    (tmp_path / "policy.toml").write_text(f"[objective]\nlevels = {levels}\neven = false\n")
    objective = read_policy(tmp_path / "policy.toml").objective
    assert objective.levels == tuple(levels)
    assert objective.even is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": {}}, "Policy rule: unknown setting, expected one of rules, fit, priority, objective"),
        ({"fit": {"weights": {"price": 1}}}, "Policy fit.weights.price: unknown setting"),
        ({"fit": 3}, "Policy fit: expected a table of settings, got 3"),
        ({"rules": {"require_clearance": "yes"}}, "Policy rules.require_clearance: expected true or false"),
        ({"rules": {"min_shared_minutes": 30.5}}, "expected a whole number, got 30.5"),
        ({"rules": {"min_shared_minutes": True}}, "expected a whole number, got True"),
        (
            {"rules": {"min_shared_minutes": -1}},
            "Policy rules.min_shared_minutes: expected 0 to 10080, got -1",
        ),
        ({"rules": {"school_year_starts": 13}}, "expected 1 to 12, got 13"),
        ({"fit": {"floor": "low"}}, "Policy fit.floor: expected a number, got 'low'"),
        ({"fit": {"floor": float("nan")}}, "expected 0.0 to 1.0, got nan"),
        ({"fit": {"half_distance_km": 0}}, "expected 0.01 to 20000.0, got 0"),
        ({"fit": {"weights": {"quality": -0.1}}}, "Policy fit.weights.quality: expected 0.0 to 1000.0"),
        ({"fit": {"weights": dict.fromkeys(Weights().as_dict(), 0)}}, "at least one weight above 0"),
        ({"priority": {"min_schools": 1}}, "Policy priority.min_schools: expected 2"),
        ({"priority": {"survey": -1}}, "Policy priority.survey: expected 0.0"),
        ({"objective": {"levels": list(LEVELS[:9])}}, "Policy objective.levels: expected each of"),
        ({"objective": {"levels": [*LEVELS[:9], LEVELS[0]]}}, "Policy objective.levels: expected each of"),
        ({"objective": {"levels": "mentoring-1"}}, "expected a list of texts"),
        ({"objective": {"levels": [1]}}, "expected a list of texts"),
        ({"candidates": {"per_side": 0}}, "Policy candidates.per_side: expected 1 to 10000, got 0"),
    ],
)
def test_a_policy_refuses(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="Policy") as error:
        policy_from_mapping(settings)
    assert message in str(error.value)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("rules:")
    with pytest.raises(ValueError, match=r"Policy policy\.toml: expected a readable TOML file"):
        read_policy(tmp_path / "policy.toml")
    with pytest.raises(ValueError, match=r"Policy none\.toml: expected a readable TOML file"):
        read_policy(tmp_path / "none.toml")


def test_every_setting_says_why() -> None:
    settings = list(settings_of(Policy()))
    assert all(why for _, _, why in settings)
    assert ("rules.min_shared_minutes", 30) in [(name, value) for name, value, _ in settings]
    assert len({name for name, _, _ in settings}) == len(settings)


def test_the_default_order_is_mentoring_first_then_the_most_urgent() -> None:
    mentoring = tuple(f"mentoring-{priority}" for priority in range(1, 6))
    assert Policy().objective.levels == (*mentoring, *(f"other-{priority}" for priority in range(1, 6)))
    assert Policy().objective.even


def test_what_differs_is_told_by_name() -> None:
    policy = with_settings(Policy(), {"fit.floor": 0.4, "rules.require_clearance": True})
    assert changed_settings(Policy(), policy) == {
        "rules.require_clearance": (False, True),
        "fit.floor": (0.3, 0.4),
    }


def test_what_differs_from_the_defaults_is_a_policy_file(tmp_path: Path) -> None:
    levels = (LEVELS[1], LEVELS[0], *LEVELS[2:])
    policy = with_settings(Policy(), {"fit.weights.quality": 0.5, "objective.levels": levels})
    (tmp_path / "policy.toml").write_text(policy_as_toml(policy))
    assert read_policy(tmp_path / "policy.toml") == policy
    assert policy_as_toml(Policy()) == ""


def test_other_settings_are_checked_as_in_a_file() -> None:
    with pytest.raises(ValueError, match=r"Policy fit.floor: expected 0.0 to 1.0, got 2"):
        with_settings(Policy(), {"fit.floor": 2})
