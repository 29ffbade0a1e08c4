import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { createVerifier, httpbis } from 'http-message-signatures'

/** Latchkey, and the address of this receiver as the webhook has it. */
const { ISSUER: issuer = 'http://localhost:3000', ADDRESS: address = 'http://localhost:4000/events' } = process.env
/** Where it listens: another port where a proxy in front serves the address. */
const { PORT: port = new URL(address).port } = process.env

let keys = new Map<string, JsonWebKey>()
let askedAt = 0

/** The published key with this id. Keys change: an unknown one is looked for again, at most once in ten seconds. */
async function keyOf(id: string): Promise<JsonWebKey | undefined> {
  if (!keys.has(id) && Date.now() - askedAt > 10_000) {
    askedAt = Date.now()
    const published = (await (await fetch(`${issuer}/jwks.json`)).json()) as { keys: (JsonWebKey & { kid: string })[] }
    keys = new Map(published.keys.map(key => [key.kid, key]))
  }
  return keys.get(id)
}

/** Did Latchkey post this to us in the last five minutes? (RFC 9421, RFC 9530) */
async function isGenuine(headers: IncomingHttpHeaders, body: string): Promise<boolean> {
  const digest = createHash('sha256').update(body).digest('base64')
  if (headers['content-digest'] !== `sha-256=:${digest}:`) return false
  try {
    const verdict = await httpbis.verifyMessage(
      {
        requiredFields: ['@method', '@target-uri', 'content-digest'],
        requiredParams: ['created', 'keyid', 'alg', 'tag'],
        ...{ maxAge: 300, tolerance: 60 },
        keyLookup: async ({ keyid = '', alg, tag }) => {
          const key = tag === 'latchkey-webhook' && alg === 'ed25519' ? await keyOf(keyid) : undefined
          if (!key) return null
          const verify = createVerifier(createPublicKey({ key, format: 'jwk' }), 'ed25519')
          return { id: keyid, algs: ['ed25519'], verify }
        },
      },
      { method: 'POST', url: address, headers: headers as Record<string, string> },
    )
    return verdict === true
  } catch {
    return false
  }
}

/** Events that were seen: where it matters, keep the numbers in your database, in one transaction with what you make of the event. */
const seen = new Set<number>()

createServer(async (request, response) => {
  const body = await text(request)
  if (request.method !== 'POST' || !(await isGenuine(request.headers, body))) return response.writeHead(401).end()
  const event = JSON.parse(body) as { sequence: number; name: string; data: Record<string, unknown> }
  // One may come twice: after an answer that was lost, or because staff sent it again.
  if (!seen.has(event.sequence)) console.log(event.sequence, event.name, JSON.stringify(event.data))
  seen.add(event.sequence)
  response.writeHead(204).end()
}).listen(Number(port), () => console.log(`waits for events at ${address}`))
