import { httpbis } from 'http-message-signatures'
import { hmac } from '../crypto/digest.ts'
import { signWith } from '../crypto/request-signature.ts'
import { contentDigest } from './content-digest.ts'
import { tag } from './rfc9421.ts'

/** A key as its owner keeps it. */
export interface OwnKey {
  id: string
  /** The secret that was shown once, or an Ed25519 private key in PEM. */
  secret: string
}

/** The header fields that sign a request by RFC 9421, as its sender adds them. Throws TypeError for a PEM that is no Ed25519 private key. */
export async function sign(
  { id, secret }: OwnKey,
  { method, url, body }: { method: string; url: string; body: string | undefined },
  { at, nonce }: { at: number; nonce: string },
): Promise<Record<string, string>> {
  const pair = secret.startsWith('-----BEGIN')
  const hasBody = body !== undefined && body !== ''
  const { headers } = await httpbis.signMessage(
    {
      key: {
        id,
        alg: pair ? 'ed25519' : 'hmac-sha256',
        sign: async text => (pair ? signWith(secret, text) : Buffer.from(hmac(secret, text), 'base64url')),
      },
      fields: ['@method', '@target-uri', ...(hasBody ? ['content-digest'] : [])],
      params: ['created', 'nonce', 'keyid', 'alg', 'tag'],
      paramValues: { created: new Date(at), nonce, tag },
    },
    { method, url, headers: hasBody ? { 'Content-Digest': contentDigest(body) } : {} },
  )
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
