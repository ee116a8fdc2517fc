import pytest

from pfnb.language.topics import topic_matches


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("order.paid", "order.paid"),
        ("order.*", "order.paid"),
        ("*.paid", "order.paid"),
        ("*", "order"),
        ("#", "order.paid.late"),
        ("#", ""),
        ("order.#", "order"),
        ("order.#", "order.paid.late"),
        ("#.late", "late"),
        ("#.late", "order.paid.late"),
        ("order.#.late", "order.late"),
        ("order.#.late", "order.paid.twice.late"),
        ("#.#", ""),
        ("*.#.*", "order.paid"),
        ("#.paid.#", "order.paid.late"),
    ],
)
def test_a_pattern_means_these_keys(pattern, key):
    assert topic_matches(pattern, key)


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("order.paid", "order.paid.late"),
        ("order.paid", "order"),
        ("order.*", "order"),
        ("order.*", "order.paid.late"),
        ("*", ""),
        ("*.#.*", "order"),
        ("order.#.late", "order.paid"),
        ("order.pa*", "order.paid"),
        ("", "order"),
    ],
)
def test_a_pattern_does_not_mean_these_keys(pattern, key):
    assert not topic_matches(pattern, key)


def test_many_hashes_against_a_long_key_take_no_time():
    assert not topic_matches(".".join(["#", "a"] * 100), ".".join(["a"] * 99 + ["b"] * 200))
