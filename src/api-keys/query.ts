import { type Claim, Refusal, type Scheme, type SignedRequest, signedWith } from './scheme.ts'

/** How long a request may have been under way, in milliseconds: unless it says so, and at most. */
const usual = 5_000
const longest = 60_000
/** How far its clock may be ahead, in milliseconds: less than a second. */
const ahead = 999

/** A name, spelled without escapes, and a value of what a URL may hold; `=` stands between them and nowhere else. */
const pair = /^[A-Za-z0-9_.[\]-]+=[A-Za-z0-9_.~%+!*'(),:@/?$;[\]-]*$/

/** The HMAC over the query and a form body, joined with nothing, that ends in `&signature=…`; the key stands in X-API-KEY. */
export const query: Scheme = { id: 'query', parse, verify: signedWith }

function parse({ url, headers, body = '', digest }: SignedRequest): Claim {
  // What is signed is the body itself, not its digest.
  if (digest !== undefined) throw unreadable()
  const [, asked = ''] = /^[^?]*\?(.*)$/s.exec(url.slice(url.lastIndexOf('#') + 1)) ?? []
  // The signature ends whichever comes last.
  const [, unsigned = '', signature] = /^(?:(.*)&)?signature=([0-9a-f]{64})$/.exec(body === '' ? asked : body) ?? []
  if (signature === undefined) throw unreadable()
  const [before, after] = body === '' ? [unsigned, ''] : [asked, unsigned]
  const params = [...pairs(before), ...pairs(after)]
  const names = params.map(([name]) => name)
  if (new Set(names).size < names.length || names.includes('signature')) throw unreadable()
  const told = new Map(params)
  const at = whole(told.get('timestamp'), 13)
  const behind = told.has('recvWindow') ? whole(told.get('recvWindow'), 5) : usual
  const key = headers['x-api-key']
  if (behind > longest || key === undefined || !/^[\x21-\x7e]{1,128}$/.test(key)) throw unreadable()
  return {
    key,
    algorithm: 'hmac-sha256',
    at,
    ahead,
    behind,
    // There is no other: the same text signs alike.
    nonce: signature,
    intact: true,
    signed: before + after,
    signature: Buffer.from(signature, 'hex'),
  }
}

const unreadable = (): Refusal => new Refusal('BAD_REQUEST')

function pairs(text: string): [name: string, value: string][] {
  if (text === '') return []
  return text.split('&').map(each => {
    if (!pair.test(each)) throw unreadable()
    const cut = each.indexOf('=')
    return [each.slice(0, cut), each.slice(cut + 1)]
  })
}

function whole(text: string | undefined, digits: number): number {
  if (text === undefined || !/^(0|[1-9]\d*)$/.test(text) || text.length > digits) throw unreadable()
  return Number(text)
}
