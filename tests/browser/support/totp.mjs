// The codes that a person's app shows (RFC 6238: SHA-1, six digits, half a minute).

import { createHmac } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const STEP_MS = 30_000

/** The code of a secret in base32; `later`: so many half minutes from now, for a code counts once. */
export function totp(secret, later = 0) {
  const bits = [...secret.replaceAll(' ', '')].map(letter => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map(byte => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + later))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = mac.at(-1) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** A code that does not fit now, nor does in the half minutes around. */
export function wrongCode(secret) {
  const near = [-2, -1, 0, 1, 2].map(later => totp(secret, later))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find(code => !near.includes(code))
}
