"""Wrote the generated tables of truth-table.md, once: python3 truth-table.py

It does not count votes as src/scanning/strategy.ts does. It goes by possible worlds: a doubt is an
entity that may be bad or good. What holds in every world is the verdict; where the worlds differ, the
doubts are. A verdict is certain after the first k answers when every way in which the rest may answer
ends in the same.
"""

from itertools import product

KINDS = ["clean", "blocked", "suspicious", "unscannable", "unknown", "modified", "pending", "error"]
SEVERITY = ["error", "unscannable", "suspicious", "pending", "unknown"]
WORLDS = {"clean": ["good"], "blocked": ["bad"]}
STRATEGIES = {
    "AnyBlocks": lambda world: "bad" in world,
    "First": None,
    "Quorum 2": lambda world: world.count("bad") >= 2,
    "Quorum 3": lambda world: world.count("bad") >= 3,
    "Score": lambda world: "bad" in world,
}
FEWEST = {"Quorum 2": 2, "Quorum 3": 3}


def heard(answers):
    """The kinds that count; a judge may not modify, and who is optional may not fail."""
    kinds = [("error" if kind == "modified" else kind, required) for kind, required in answers]
    return [kind for kind, required in kinds if required or kind in ("clean", "suspicious", "blocked")]


def doubts(kinds):
    return "+".join(kind for kind in SEVERITY if kind in kinds)


def outcome(strategy, answers):
    kinds = heard(answers)
    if not kinds:
        return "unknown"
    if strategy == "First":
        spoken = [kind for kind in kinds if kind in ("clean", "suspicious", "blocked")]
        return spoken[0] if spoken else doubts(kinds)
    blocks = STRATEGIES[strategy]
    ends = {blocks(world) for world in product(*(WORLDS.get(kind, ["bad", "good"]) for kind in kinds))}
    return "blocked" if ends == {True} else "clean" if ends == {False} else doubts(kinds)


def cell(strategy, answers):
    if sum(required for _, required in answers) < FEWEST.get(strategy, 0):
        return "–"
    for known in range(1, len(answers) + 1):
        rest = [[(kind, required) for kind in KINDS] for _, required in answers[known:]]
        ends = {outcome(strategy, answers[:known] + list(more)) for more in product(*rest)}
        if len(ends) == 1:
            return f"{ends.pop()} @{known}"


def table(rows):
    print("| answers | " + " | ".join(STRATEGIES) + " |")
    print("|---|" + "---|" * len(STRATEGIES))
    for answers in rows:
        names = ", ".join(kind + ("" if required else "?") for kind, required in answers)
        print(f"| {names} | " + " | ".join(cell(strategy, answers) for strategy in STRATEGIES) + " |")


def rows(flags):
    return [list(zip(kinds, flags)) for kinds in product(KINDS, repeat=len(flags))]


print("## All required\n")
table(rows([True]) + rows([True] * 2) + rows([True] * 3))
print("\n## Some optional\n")
table(rows([False]) + rows([True, False]) + rows([False, True]) + rows([False, False]))
