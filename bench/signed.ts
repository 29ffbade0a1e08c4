import { generateKeyPairSync } from 'node:crypto'
import type { keys } from '../src/api-keys/api-keys.ts'
import { type OwnKey, sign } from '../src/api-keys/rfc9421.ts'
import { id } from '../src/crypto/random.ts'
import { publicKeyOf } from '../src/crypto/request-signature.ts'

const request = {
  method: 'POST',
  url: 'https://api.example.com/orders?dry=1',
  body: '{"side":"BUY","price":"10","quantity":"2"}',
}

/** An order that is signed by RFC 9421 now, as an API asks about it; `address` is its sender's. */
export async function signedOrder(key: OwnKey, address?: string): Promise<object> {
  const headers = await sign(key, request, { at: Date.now(), nonce: id() })
  return { scheme: 'rfc9421', ...request, headers, ...(address !== undefined && { address }) }
}

/** How long what was signed ahead is used, in milliseconds: well within a minute. */
const fresh = 20_000

/** Signs ahead, many at a time: signing costs more than asking, and would space the questions out. */
export function signedAhead(key: OwnKey): () => Promise<object> {
  let ready: object[] = []
  let stale = 0
  let more: Promise<void> | undefined
  const refill = async () => {
    ready = await Promise.all(Array.from({ length: 500 }, () => signedOrder(key)))
    stale = performance.now() + fresh
    more = undefined
  }
  return async () => {
    while (ready.length === 0 || performance.now() > stale) {
      more ??= refill()
      await more
    }
    return ready.pop() as object
  }
}

/** Makes somebody an API key with a secret, and one with a key pair. */
export async function keysOf(
  kept: ReturnType<typeof keys>,
  account: string,
): Promise<{ hmac: OwnKey; ed25519: OwnKey }> {
  const wanted = { account, name: 'Bot', scopes: ['read' as const], addresses: [], endsAt: undefined }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pem = (key: typeof publicKey, type: 'spki' | 'pkcs8') => String(key.export({ format: 'pem', type }))
  const hmac = await kept.add(wanted)
  const pair = await kept.add(wanted, publicKeyOf(pem(publicKey, 'spki')))
  return {
    hmac: { id: hmac.key.id, secret: hmac.secret ?? '' },
    ed25519: { id: pair.key.id, secret: pem(privateKey, 'pkcs8') },
  }
}
