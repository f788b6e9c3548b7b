"""The dead-letter queues of an environment: listed, replayed, deleted."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dorc_runtime.compile.arns import queue_url
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import CredentialsError, DorcError, StackError
from dorc_runtime.model.resources import Queue
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.operate.execution_control import start_execution
from dorc_runtime.operate.letters.dead_letter import (
    DeadLetter,
    LetterQueue,
    NoReplay,
    SendBack,
    Start,
    dead_letter,
)
from dorc_runtime.operate.letters.trigger_table import TriggerTable

HIDDEN = 30
"""How long SQS hides a message from others after it was received, in seconds.

A command that is killed leaves its messages hidden for this time.
"""
# SQS asks all its servers only where a call waits, for whole seconds:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_WAIT = 1
_BATCH = 10
_VISIBLE = "ApproximateNumberOfMessages"
_HIDDEN = "ApproximateNumberOfMessagesNotVisible"


@dataclass(frozen=True)
class Replayed:
    """What a replay did: ``execution`` is the name of the one that it started.

    ``queue`` is the queue that it sent the message to, ``problem`` why it did neither. ``is_new``
    is false where an earlier replay had started the execution.
    """

    letter: DeadLetter
    execution: str = ""
    queue: str = ""
    problem: str = ""
    is_new: bool = True


@dataclass(frozen=True)
class DeadLetters:
    """The dead letters of an environment: of infra's queue, and of that of each ``Queue``.

    ``table`` has what starts its pipelines. Methods raise ``StackError`` where infra is not
    deployed, and pass over a ``Queue`` that is not deployed.
    """

    environment: AwsEnvironment
    target: Target
    table: TriggerTable

    def newest(self, most: int) -> tuple[DeadLetter, ...]:
        """Return the dead letters, at most ``most``, the newest first.

        They are hidden from others until all are read.
        """
        found: list[DeadLetter] = []
        for queue in self._queues:
            with closing(_messages(self.environment, queue)) as messages:
                listed = islice(messages, most - len(found))
                found += [dead_letter(each, queue, self.table) for each in listed]
        return tuple(sorted(found, key=lambda each: each.sent, reverse=True))

    def count(self) -> int:
        """Return about how many there are, with those that are hidden after somebody read them.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        """
        return sum(_count(self.environment, queue, _VISIBLE, _HIDDEN) for queue in self._queues)

    def replay(self, ids: Collection[str] | None, *, command: str) -> Iterator[Replayed]:
        """Replay those with these ``ids``, or all, and yield the result of each.

        One that starts a pipeline does so once, however often the replay is repeated, and by
        however many at once: the name of the execution is ``replay-`` and the id of the message,
        and the message is deleted after the start. One that goes back to its queue gets there at
        least once. What cannot be replayed stays. ``command`` is written into the input of
        executions.
        """
        for queue, message in self._selected(ids):
            letter = dead_letter(message, queue, self.table)
            result = _replay(self.environment, letter, command)
            if not result.problem:
                _delete(self.environment, queue, message)
            yield result

    def delete(self, ids: Collection[str]) -> Iterator[DeadLetter]:
        """Delete those with these ``ids``, and yield each that existed."""
        for queue, message in self._selected(ids):
            _delete(self.environment, queue, message)
            yield dead_letter(message, queue, self.table)

    @property
    def _queues(self) -> Iterator[LetterQueue]:
        yield LetterQueue(self.target.names.shared)
        for each in self.target.resources:
            if isinstance(each, Queue):
                name = self.target.names.dead_letters(each.name)
                yield LetterQueue(name, self.target.name(each), self.target.arn(each))

    def _selected(
        self, ids: Collection[str] | None
    ) -> Iterator[tuple[LetterQueue, Mapping[str, Any]]]:
        """Yield the messages with these ``ids``, or all; each is hidden from others meanwhile."""
        left = None if ids is None else set(ids)
        for queue in self._queues:
            with closing(_messages(self.environment, queue)) as messages:
                for message in messages:
                    if left is None:
                        yield queue, message
                    elif message["MessageId"] in left:
                        left.remove(message["MessageId"])
                        yield queue, message
                    if left == set():
                        return


def _replay(environment: AwsEnvironment, letter: DeadLetter, command: str) -> Replayed:
    match letter.replay:
        case Start(pipeline=pipeline, input=received):
            name = f"replay-{letter.id}"
            try:
                started = start_execution(
                    environment, pipeline, received, command=command, name=name
                )
            except CredentialsError:
                raise
            except DorcError as error:
                return Replayed(letter, problem=str(error))
            return Replayed(letter, execution=name, is_new=started.is_new)
        case SendBack(queue=queue, body=body, attributes=attributes):
            with aws_errors("sqs:SendMessage"):
                environment.sqs.send_message(
                    QueueUrl=_url(environment, queue),
                    MessageBody=body,
                    MessageAttributes=attributes,
                )
            return Replayed(letter, queue=queue)
        case NoReplay(reason=reason):
            return Replayed(letter, problem=reason)


def _messages(
    environment: AwsEnvironment, queue: LetterQueue
) -> Generator[Mapping[str, Any], None, None]:
    """Yield each message of ``queue`` once; at the end others can receive those that are left.

    A dead-letter queue has no dead-letter queue, so to receive a message often does not lose it.
    """
    handles: dict[str, str] = {}
    # It is not exact, so an answer without a message is the end too.
    count = _count(environment, queue, _VISIBLE)
    try:
        while batch := _received(environment, queue, wait=_WAIT if count else 0):
            new = [each for each in batch if each["MessageId"] not in handles]
            handles |= {each["MessageId"]: each["ReceiptHandle"] for each in batch}
            yield from new
            if not new or (len(handles) >= count and len(batch) < _BATCH):
                return
    finally:
        _release(environment, queue, tuple(handles.values()))


def _count(environment: AwsEnvironment, queue: LetterQueue, *names: str) -> int:
    with _queue_errors(environment, queue, "sqs:GetQueueAttributes"):
        found = environment.sqs.get_queue_attributes(
            QueueUrl=_url(environment, queue.name), AttributeNames=[*names]
        )["Attributes"]
        return sum(int(found[name]) for name in names)
    return 0


def _received(
    environment: AwsEnvironment, queue: LetterQueue, *, wait: int
) -> Sequence[Mapping[str, Any]]:
    with _queue_errors(environment, queue, "sqs:ReceiveMessage"):
        found: Sequence[Mapping[str, Any]] = environment.sqs.receive_message(
            QueueUrl=_url(environment, queue.name),
            MaxNumberOfMessages=_BATCH,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=wait,
        ).get("Messages", ())
        return found
    return ()


def _release(environment: AwsEnvironment, queue: LetterQueue, handles: Sequence[str]) -> None:
    """Let others receive messages again; SQS passes over those that are deleted."""
    for start in range(0, len(handles), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[start : start + _BATCH])
        ]
        # Without it, SQS does so itself a little later.
        with suppress(DorcError), aws_errors("sqs:ChangeMessageVisibility"):
            environment.sqs.change_message_visibility_batch(
                QueueUrl=_url(environment, queue.name), Entries=entries
            )


def _delete(environment: AwsEnvironment, queue: LetterQueue, message: Mapping[str, Any]) -> None:
    with aws_errors("sqs:DeleteMessage"):
        environment.sqs.delete_message(
            QueueUrl=_url(environment, queue.name), ReceiptHandle=message["ReceiptHandle"]
        )


@contextmanager
def _queue_errors(environment: AwsEnvironment, queue: LetterQueue, action: str) -> Iterator[None]:
    """Raise ``StackError`` where infra's queue does not exist; that of a ``Queue`` has nothing."""
    missing = environment.sqs.exceptions.QueueDoesNotExist
    with aws_errors(action):
        try:
            yield
        except missing:
            if queue.source:
                return
            name = environment.names.environment
            raise StackError(
                f"infra is not deployed in {name}: `invoke apply --instance infra --env {name}` "
                "deploys it."
            ) from None


def _url(environment: AwsEnvironment, queue: str) -> str:
    return queue_url(environment.region, environment.account, queue)
