"""How complex the wildcards of a field are: EventBridge refuses a pattern that is too complex.

It counts, as AWS's matcher does, how many places in the wildcards a text may have reached at the
same time: https://github.com/aws/event-ruler, ``MachineComplexityEvaluator``. Ten are allowed, as
tried on AWS by others.
"""

from collections.abc import Iterator, Sequence

_MOST = 10
_STAR = -1
# Any byte that no wildcard names.
_OTHER = -2
_QUOTE = ord('"')

# A place is the number of a wildcard and how many of its parts a text has gone through.
Place = tuple[int, int]


def too_complex(wildcards: Sequence[str]) -> bool:
    """Return whether the ``wildcards`` of one field are more than EventBridge takes."""
    parts = [_parts(each) for each in wildcards]
    signs = {sign for each in parts for sign in each if sign != _STAR} | {_OTHER}
    start = frozenset((number, 0) for number in range(len(parts)))
    pending, known = [start], {start}
    while pending:
        places = pending.pop()
        for sign in signs:
            after = frozenset(next_ for place in places for next_ in _after(parts, place, sign))
            if len(after | {star for place in after for star in _star(parts, place)}) > _MOST:
                return True
            if after not in known:
                known.add(after)
                pending.append(after)
    return False


def _parts(wildcard: str) -> list[int]:
    """Return the bytes of ``wildcard`` in the quotes of JSON, with ``_STAR`` for its stars."""
    parts = [_QUOTE]
    text = wildcard.encode()
    index = 0
    while index < len(text):
        if text[index] == ord("\\"):
            index += 1
            parts.append(text[index])
        else:
            parts.append(_STAR if text[index] == ord("*") else text[index])
        index += 1
    return [*parts, _QUOTE]


def _after(parts: Sequence[list[int]], place: Place, sign: int) -> Iterator[Place]:
    """Yield the places that ``sign`` leads to from ``place``."""
    number, done = place
    own = parts[number]
    if done and own[done - 1] == _STAR:
        yield place
    if done == len(own):
        return
    if own[done] == _STAR:
        yield number, done + 1
        # A star may stand for nothing.
        if own[done + 1] == sign:
            yield number, done + 2
    elif own[done] == sign:
        yield number, done + 1


def _star(parts: Sequence[list[int]], place: Place) -> Iterator[Place]:
    """Yield the place behind a star that follows ``place``, which a text has reached as well."""
    number, done = place
    if done < len(parts[number]) and parts[number][done] == _STAR:
        yield number, done + 1
