import { z } from 'zod'
import { plainAddress } from '../network.ts'
import { sha256In } from './rfc9421.ts'
import { Refusal, type SchemeId, type SignedRequest, schemeIds } from './scheme.ts'

/** A resource server's question about a signed request. */
export interface VerifyRequest {
  scheme: SchemeId
  request: SignedRequest
  /** Of the client, as the resource server sees it, in its one spelling. */
  address: string | undefined
  /** What the key must be allowed to do for it. */
  scope: readonly string[]
}

/** Says that the resource server's own question is malformed, which is no fault of its client. */
export class InvalidVerifyRequest extends Error {
  constructor(fault: string) {
    super(fault)
    this.name = 'InvalidVerifyRequest'
  }
}

const shape = z.strictObject({
  scheme: z.enum(schemeIds),
  method: z.string(),
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.union([z.string(), z.array(z.string())])])),
  body: z.string().optional(),
  body_digest: z.string().optional(),
  address: z.string().optional(),
  scope: z.string().optional(),
})

const longest = { url: 8_192, headers: 65_536 }

/** Parses a question. Throws InvalidVerifyRequest when it is malformed, and Refusal when its request is none that HTTP can carry. */
export function readVerifyRequest(question: unknown): VerifyRequest {
  const { headers = {}, ...more } = Object(question) as { headers?: unknown }
  // As entries, so that no header's name means anything to an object.
  const entries = typeof headers === 'object' && headers !== null && !Array.isArray(headers) && Object.entries(headers)
  const { data, error } = shape.safeParse({ ...more, headers: entries })
  if (!data)
    throw new InvalidVerifyRequest(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  if (data.body !== undefined && data.body_digest !== undefined)
    throw new InvalidVerifyRequest('body or body_digest, not both')
  const address = data.address === undefined ? undefined : plainAddress(data.address)
  if (data.address !== undefined && address === undefined) throw new InvalidVerifyRequest('address: is none')
  const request = {
    method: methodOf(data.method),
    url: urlOf(data.url),
    headers: headersOf(data.headers),
    body: data.body,
    digest: digestOf(data.body_digest),
  }
  if (request.body?.isWellFormed() === false) throw new Refusal('BAD_REQUEST')
  return { scheme: data.scheme, request, address, scope: data.scope?.split(' ').filter(each => each !== '') ?? [] }
}

function methodOf(method: string): string {
  if (!/^[A-Z]{1,20}$/.test(method)) throw new Refusal('BAD_REQUEST')
  return method
}

function urlOf(text: string): string {
  const url = URL.parse(text)
  const plain = text.length <= longest.url && /^https?:\/\/[\x21-\x7e]+$/.test(text) && !/[#\\]/.test(text)
  if (!url || !plain || url.username !== '' || url.password !== '') throw new Refusal('BAD_REQUEST')
  return text
}

function digestOf(told: string | undefined): string | undefined {
  if (told === undefined) return undefined
  try {
    sha256In(told)
  } catch {
    throw new InvalidVerifyRequest('body_digest: must be a Content-Digest with sha-256')
  }
  return told
}

/** Returns header fields by lower-case names, several lines of one joined (RFC 9421, 2.1). */
function headersOf(entries: readonly [string, string | string[]][]): Record<string, string> {
  const fields = entries.map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')] as const)
  const names = new Set(fields.map(([name]) => name))
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  const fine = fields.every(
    ([name, value]) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
  )
  if (!fine || names.size < fields.length || size > longest.headers) throw new Refusal('BAD_REQUEST')
  return Object.fromEntries(fields)
}
