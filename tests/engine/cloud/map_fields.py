"""The fields of a distributed Map that moto's parser does not know, or does not read."""

import json
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

_MARK = "items in a batch: "


def read_map_fields() -> None:
    """Let moto read these fields: the size of batches goes through the comment of the state."""
    parser: Any = AmazonStateLanguageParser
    parse = parser.parse
    parser.parse = lambda text: parse(_readable(text))
    preprocessor: Any = Preprocessor
    preprocessor._raise_if_query_language_is_not = lambda *_, **__: None
    states: Any = StateMap
    read = states.from_state_props

    def read_with_batches(self: Any, props: Any) -> None:
        read(self, props)
        text = self.comment.comment if self.comment else ""
        if text.startswith(_MARK) and self.item_reader:
            self.item_reader = _BatchReader(self.item_reader, int(text.removeprefix(_MARK)))

    states.from_state_props = read_with_batches


@dataclass(frozen=True)
class _BatchReader:
    """Reads items, and puts them into batches as Step Functions does.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """

    reader: Any
    size: int

    def eval(self, env: Any) -> None:
        """Put the batches on the stack."""
        self.reader.eval(env=env)
        items = env.stack.pop()
        starts = range(0, len(items), self.size)
        env.stack.append([{"Items": items[start : start + self.size]} for start in starts])


def _readable(text: str) -> str:
    try:
        return json.dumps(json.loads(text, object_hook=_readable_object))
    except ValueError:
        # Moto says what is wrong with it.
        return text


def _readable_object(fields: dict[str, Any]) -> dict[str, Any]:
    fields.pop("CSVDelimiter", None)
    if "ToleratedFailurePercentage" in fields:
        fields["ToleratedFailurePercentage"] = float(fields["ToleratedFailurePercentage"])
    if writer := fields.get("ResultWriter"):
        # It has no expressions.
        writer["Parameters"] = writer.pop("Arguments")
    if batcher := fields.pop("ItemBatcher", None):
        fields["Comment"] = f"{_MARK}{batcher['MaxItemsPerBatch']}"
    return fields
