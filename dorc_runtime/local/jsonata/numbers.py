"""Numbers as JSONata has them, which are JavaScript's: all of them doubles."""

import math
from decimal import Decimal

# From here on JavaScript writes a number with an exponent:
# https://tc39.es/ecma262/#sec-numeric-types-number-tostring
LARGE = 1e21
# Beyond, a double no longer holds every whole number.
_EXACT = 2**53


def javascript_number(value: float) -> int | float:
    """Return ``value`` as the double it is in JavaScript, whole ones as ``int``.

    Raises:
        ValueError: For a number that JSON cannot hold.
    """
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return value
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise ValueError("yields a number too large for JSON, or none")
    if not double.is_integer() or abs(double) >= LARGE:
        return double
    # JavaScript writes as many digits of a large double as distinguish it from the next one.
    return int(double) if abs(double) <= _EXACT else int(Decimal(repr(double)))
