"""Checks an attestation with in-toto's own libraries: ATTESTATION BUNDLE KEY… (PEM files)."""

import hashlib
import json
import sys

import google.protobuf.json_format as protobuf
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

PREDICATES = {
    "https://in-toto.io/attestation/test-result/v0.1": test_result_pb2.TestResult,
    "https://slsa.dev/verification_summary/v1": vsa_pb2.VerificationSummary,
    "urn:canary-gate:verdict:v1": None,
}


def key_of(path):
    with open(path, "rb") as file:
        key = load_pem_public_key(file.read())
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SSlibKey.from_crypto(key, keyid=hashlib.sha256(spki).hexdigest())


def main(attestation, bundle, *keys):
    keys = [key_of(path) for path in keys]
    with open(bundle, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    seen = {}
    with open(attestation, encoding="utf-8") as file:
        for line in file:
            envelope = Envelope.from_dict(json.loads(line))
            assert envelope.payload_type == "application/vnd.in-toto+json", envelope.payload_type
            accepted = envelope.verify(keys, 1)
            read = protobuf.Parse(envelope.payload, statement_pb2.Statement())
            statement = Statement.copy_from_pb(read)
            statement.validate()
            assert statement.pb.subject[0].digest["sha256"] == digest, "another bundle"
            kind = statement.pb.predicate_type
            predicate = protobuf.MessageToDict(statement.pb.predicate)
            if PREDICATES[kind]:
                # Their message has one text here; the specification of SLSA, a list of them.
                levels = predicate.pop("verifiedLevels", ["none"])
                assert all(isinstance(level, str) for level in levels), levels
                # Refuses a field that the predicate does not have, and a value of another type.
                protobuf.ParseDict(predicate, PREDICATES[kind]())
            seen.setdefault(kind, set()).update(accepted)
    assert set(seen) == set(PREDICATES), seen
    for kind, accepted in seen.items():
        assert len(accepted) == len(keys), (kind, accepted)
    print("agreed", len(keys))


main(*sys.argv[1:])
