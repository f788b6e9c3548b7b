"""Texts of which parts are unknown, such as the keys of the objects that a step may write."""

# One character each; ``ANY`` stands for any characters.
TextPattern = tuple[str, ...]

ANY = "*any*"


def overlap(one: TextPattern, other: TextPattern) -> bool:
    """Return whether a text matches both patterns."""
    waiting, seen = [(0, 0)], set()
    while waiting:
        position = i, j = waiting.pop()
        if position in seen:
            continue
        seen.add(position)
        first, second = one[i : i + 1], other[j : j + 1]
        if not first and not second:
            return True
        if first == (ANY,) or second == (ANY,):
            # Either pattern may go on alone, as far as the other one's ``ANY`` allows.
            waiting += [(i + 1, j)] if first else []
            waiting += [(i, j + 1)] if second else []
        elif first == second:
            waiting.append((i + 1, j + 1))
    return False
