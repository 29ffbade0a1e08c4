import json
import os
import time
from base64 import urlsafe_b64decode
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
)
from http_message_signatures.algorithms import ED25519

# The address as the webhook has it: the signature covers it.
ISSUER, ADDRESS = os.environ["ISSUER"], f"{os.environ['APP_URL']}/events"


class Published(HTTPSignatureKeyResolver):
    """The keys at /jwks.json. Keys change: an unknown one is looked for again, at most once in ten seconds."""

    keys: dict[str, Ed25519PublicKey] = {}
    asked = -10.0

    def resolve_public_key(self, key_id):
        if key_id not in self.keys and time.monotonic() - self.asked >= 10:
            self.asked = time.monotonic()
            published = requests.get(f"{ISSUER}/jwks.json", timeout=2).json()["keys"]
            self.keys = {
                key["kid"]: Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
                for key in published
                if key.get("crv") == "Ed25519"
            }
        return self.keys.get(key_id)


verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=Published())
# Numbers that were seen: yours are in a database, kept in one transaction with what you make of the event.
seen: set[int] = set()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            # With `body`, the digest of what came has to be the one that is signed.
            verifier.verify(
                SimpleNamespace(method="POST", url=ADDRESS, headers=self.headers),
                max_age=timedelta(minutes=5),
                expect_tag="latchkey-webhook",
                require_components=["@method", "@target-uri", "content-digest"],
                body=body,
            )
        except HTTPMessageSignaturesException:
            return self.answer(401)
        event = json.loads(body)
        # One may come twice.
        if event["sequence"] not in seen:
            print(event["sequence"], event["name"], json.dumps(event["data"]), flush=True)
        seen.add(event["sequence"])
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("localhost", urlsplit(ADDRESS).port), Receiver).serve_forever()
