# pip install "pyjwt[crypto]"
import time
import uuid

import jwt


def sign_token(private_key_pem, kid, issuer, server, origin, document, person, name, role):
    """A token that says: this person of ours may open this document, as `role` at most, from our page, for two minutes."""
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": server, "sub": person, "name": name, "doc": document, "role": role, "origin": origin,
        "jti": str(uuid.uuid4()), "iat": now, "nbf": now, "exp": now + 120,
    }
    header = {"typ": "plenary-embed+jwt", "kid": kid}
    return jwt.encode(claims, private_key_pem, algorithm="EdDSA", headers=header)
