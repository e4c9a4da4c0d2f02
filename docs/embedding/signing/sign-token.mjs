import { createPrivateKey, randomUUID, sign } from 'node:crypto'

const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that says: this person of ours may open this document, as `role` at most, from our page, for two minutes. */
export function signToken({ privateKeyPem, kid, issuer, server, origin, document, person, name, role }) {
  const now = Math.floor(Date.now() / 1000)
  const header = { typ: 'plenary-embed+jwt', alg: 'EdDSA', kid }
  const claims = {
    iss: issuer, aud: server, sub: person, name, doc: document, role, origin,
    jti: randomUUID(), iat: now, nbf: now, exp: now + 120,
  }
  const unsigned = `${part(header)}.${part(claims)}`
  const signature = sign(null, Buffer.from(unsigned), createPrivateKey(privateKeyPem))
  return `${unsigned}.${signature.toString('base64url')}`
}
