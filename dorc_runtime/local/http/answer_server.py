"""The server on this machine that gives the HTTP answers of an example, with and without TLS."""

import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dorc_runtime.local.http.answered_hosts import AnsweredHosts
from dorc_runtime.local.http.http_answers import FOLDER, HttpAnswers, answer_form

# How a connection with TLS begins: https://www.rfc-editor.org/rfc/rfc8446#section-5.1
_HANDSHAKE = b"\x16"


class AnswerServer:
    """A running server: ``hosts`` says how to reach it.

    ``folder`` is the folder of the answers, for messages.
    """

    def __init__(self, answers: HttpAnswers, *, folder: str, key_folder: Path) -> None:
        self._answers = answers
        self._folder = folder
        self._lock = threading.Lock()
        self._requested: set[str] = set()
        self._unanswered: list[str] = []
        certificate, chain = _certificate(tuple(answers), key_folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self.server = _Server(self, context)
        self.hosts = AnsweredHosts(tuple(answers), self.server.server_port, certificate)

    def notes(self) -> tuple[str, ...]:
        """Return the requests without an answer, and the hosts that nothing asked, in words."""
        with self._lock:
            unasked = [host for host in self._answers if host not in self._requested]
            return (
                *dict.fromkeys(self._unanswered),
                *(f"{self._file(host)}: nothing asked {host}" for host in unasked),
            )

    def answer(self, host: str, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer to a request."""
        with self._lock:
            self._requested.add(host)
        answers = self._answers.get(host, ())
        answer = next((each for each in answers if each.matches(method, target)), None)
        if answer is None:
            message = (
                f"{self._file(host)} has no answer to {method} {target}: add "
                f"{answer_form(method, target)}"
            )
            with self._lock:
                self._unanswered.append(message)
            status = HTTPStatus.NOT_IMPLEMENTED
            return status, {"Content-Type": "text/plain"}, f"{message}\n".encode()
        if answer.text is not None:
            headers = {"Content-Type": "text/plain"} | answer.headers
            return answer.status, headers, answer.text.encode()
        if "json_body" not in answer.model_fields_set:
            return answer.status, answer.headers, b""
        body = json.dumps(answer.json_body, ensure_ascii=False).encode()
        return answer.status, {"Content-Type": "application/json"} | answer.headers, body

    def _file(self, host: str) -> str:
        return f"{self._folder}/{FOLDER}/{host}.json"


@contextmanager
def serving(answers: HttpAnswers, *, folder: str) -> Iterator[AnswerServer]:
    """Give ``answers`` for the time of the context; ``folder`` is their example, for messages."""
    with tempfile.TemporaryDirectory(prefix="dorc-http-") as keys:
        server = AnswerServer(answers, folder=folder, key_folder=Path(keys))
    thread = threading.Thread(target=server.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.server.shutdown()
        server.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: AnswerServer, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self._context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        if request.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client may close its connection at any time."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        host = self.headers.get("Host", "").partition(":")[0].lower()
        status, headers, body = self.server.answers.answer(host, self.command, self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        """Return what answers requests of any method."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 # its own name
        """Print nothing."""


def _certificate(hosts: tuple[str, ...], folder: Path) -> tuple[str, Path]:
    """Return a new certificate for ``hosts`` as PEM, and a file with it and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dorc")])
    now, day = datetime.now(UTC), timedelta(days=1)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    own = key.public_key()
    # What Python 3.13 checks by default: https://www.rfc-editor.org/rfc/rfc5280#section-4.2
    certificate = (
        x509.CertificateBuilder(name, name, own, x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "chain.pem"
    file.write_bytes(text + secret)
    return text.decode(), file
