"""`invoke logs`: the lines of functions from CloudWatch Logs, which moto plays in this process."""

import json
import shutil
import time
from typing import Any

import pytest

from .conftest import TIDY, Operator

LOGS = ("logs", "--env", "dev", "-p", TIDY)
GROUP = "/aws/lambda/Example--dev--raw-to-processed--tidy--"
# A minute ago, in milliseconds.
START = int(time.time() * 1000) - 60_000


class Functions:
    """Two functions, and what they have printed."""

    def __init__(self, operator: Operator) -> None:
        self.client = operator.client("logs")
        for name in ("clean", "load"):
            file = operator.root / "src" / TIDY / name / "lambda.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text("", encoding="utf-8")
            self.client.create_log_group(logGroupName=GROUP + name)

    def print(self, function: str, stream: str, lines: dict[int, str]) -> None:
        """Put lines into a stream of a function, by their times in milliseconds."""
        place = {"logGroupName": GROUP + function, "logStreamName": stream}
        self.client.create_log_stream(**place)
        events = [
            {"timestamp": START + at, "message": f"{text}\n"} for at, text in sorted(lines.items())
        ]
        self.client.put_log_events(**place, logEvents=events)


@pytest.fixture
def functions(operator: Operator) -> Functions:
    return Functions(operator)


def call(request_id: str, *, start: int, end: int) -> dict[int, str]:
    """Return Lambda's messages about a call."""
    record: dict[str, Any] = {"requestId": request_id, "status": "success"}
    return {
        start: json.dumps({"time": "", "type": "platform.start", "record": record}),
        end: json.dumps({"time": "", "type": "platform.report", "record": record}),
    }


def texts(out: str) -> list[str]:
    return [json.loads(line)["text"] for line in out.splitlines()]


def test_lines_of_all_streams_and_functions_come_in_the_order_of_time(
    operator: Operator, functions: Functions
) -> None:
    functions.print("clean", "a", {0: "1", 3: "4"})
    functions.print("clean", "b", {1: "2", 4: "5"})
    functions.print("load", "a", {2: "3", 5: "6"})
    assert texts(operator.invoke(*LOGS, "--json").out) == ["1", "2", "3", "4", "5", "6"]
    assert texts(operator.invoke(*LOGS, "--function", "load", "--json").out) == ["3", "6"]


def test_no_line_is_missing_over_pages(operator: Operator, functions: Functions) -> None:
    for stream in range(3):
        functions.print("clean", str(stream), {at: str(at) for at in range(stream, 12_000, 3)})
    shown = texts(operator.invoke(*LOGS, "--json").out)
    assert shown == [str(number) for number in range(12_000)]


def test_a_line_has_its_call_and_the_messages_of_lambda_are_not_shown(
    operator: Operator, functions: Functions
) -> None:
    functions.print("clean", "a", {**call("id-1", start=0, end=9), 5: "3 rows"})
    functions.print("load", "a", {7: "loading"})
    shown = operator.invoke(*LOGS, "--json").out
    lines = [json.loads(line) for line in shown.splitlines()]
    assert [(line["function"], line["request_id"], line["text"]) for line in lines] == [
        ("clean", "id-1", "3 rows"),
        ("load", None, "loading"),
    ]
    assert lines[0]["time"].endswith("+00:00")


def test_grep_takes_the_text_as_it_is_written(operator: Operator, functions: Functions) -> None:
    functions.print("clean", "a", {0: "a.c (x)", 1: "abc (x)", 2: "A.C (X)"})
    assert texts(operator.invoke(*LOGS, "--grep", "a.c (", "--json").out) == ["a.c (x)"]
    assert "abc" not in operator.invoke(*LOGS, "--grep", "a.c").out


@pytest.mark.parametrize("width", ["80", "140"])
def test_a_long_line_continues_below_itself(
    operator: Operator, functions: Functions, width: str
) -> None:
    words = [f"word{number}" for number in range(40)]
    functions.print("clean", "a", {0: " ".join(words)})
    shown = operator.invoke(*LOGS, COLUMNS=width, NO_COLOR="1", TZ="UTC").out
    day, *rows = shown.splitlines()
    assert day == time.strftime("%Y-%m-%d UTC", time.gmtime(START / 1000))
    assert max(map(len, rows)) <= int(width)
    assert " ".join(row.partition("│ ")[2] for row in rows).split() == words


def test_a_line_in_a_file_is_one_line_with_its_date(
    operator: Operator, functions: Functions
) -> None:
    functions.print("clean", "a", {0: "word " * 60})
    shown = operator.invoke(*LOGS, TZ="UTC").out
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START / 1000))
    assert shown.startswith(f"{date}.{START % 1000:03} clean │ word word")
    assert shown.count("\n") == 1


def test_what_is_printed_cannot_change_the_terminal(
    operator: Operator, functions: Functions
) -> None:
    functions.print("clean", "a", {0: "\x1b[2J\x1b[31mred\a"})
    assert operator.invoke(*LOGS).out.endswith("│ red\n")


def test_where_nobody_printed_it_says_since_when(operator: Operator, functions: Functions) -> None:
    shown = operator.invoke(*LOGS, "--since", "2h", "--grep", "birds")
    assert shown.code == 0
    assert shown.out.startswith("no lines with 'birds' in dev since ")


def test_a_function_without_a_log_group_is_left_out_with_a_note(
    operator: Operator, functions: Functions
) -> None:
    functions.print("clean", "a", {0: "3 rows"})
    functions.client.delete_log_group(logGroupName=f"{GROUP}load")
    shown = operator.invoke(*LOGS)
    assert shown.out.endswith("3 rows\n")
    assert shown.err.startswith(f"note: there is no log group {GROUP}load: ")
    assert shown.code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--env", "dev"), "which logs? Add -p LAYER/NAME or --execution NAME."),
        (
            ("--env", "dev", "-p", TIDY, "--function", "cleen"),
            f"no function 'cleen' in {TIDY}; known: clean, load. Did you mean 'clean'?",
        ),
        (
            ("--env", "prod", "-p", TIDY),
            f"{TIDY} is not deployed in prod: `invoke apply --instance {TIDY} --env prod` deploys "
            "it.",
        ),
        (
            ("--env", "dev", "--execution", "june", "--since", "1h"),
            "--since has no effect with --execution: leave it out.",
        ),
    ],
)
def test_a_mistake_is_one_line(
    operator: Operator, functions: Functions, words: tuple[str, ...], message: str
) -> None:
    done = operator.invoke("logs", *words)
    assert (done.code, done.err) == (2, f"error: {message}\n")


def test_a_pipeline_without_functions_has_no_lines(operator: Operator) -> None:
    shutil.rmtree(operator.root / "src" / TIDY / "clean")
    done = operator.invoke(*LOGS)
    assert done.err == f"error: {TIDY} has no functions, so nothing prints lines.\n"
