from pathlib import Path

from shop.simulator.rulebook import RULES


def test_every_rule_of_the_rulebook_is_broken_in_some_test() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))

    assert [rule for rule in RULES if f'"{rule}"' not in tests] == []
