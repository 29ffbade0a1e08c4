import { expect } from 'chai'

/** What callers accept: the JDK's default first, whose order puts HTML before everything. */
export const accepts: readonly [who: string, accept: string | undefined][] = [
  ['the JDK', 'text/html, image/gif, image/jpeg, */*; q=0.2'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['HTML alone', 'text/html'],
  ['no JSON at all', 'application/json;q=0, text/html'],
  ['a picture', 'image/png'],
  ['anything', '*/*'],
  ['nothing it says', undefined],
  ['no media type', 'x; q=2, ,,'],
]

const form = 'application/x-www-form-urlencoded'

/** A request. */
export interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** The one answer to it. */
export interface Expected {
  status: number
  error: string
  /** A header that the answer must have, and what is in it. */
  header?: readonly [string, RegExp]
}

/** The endpoints where clients authenticate. */
export const authenticating = ['/token', '/introspect', '/revoke', '/par', '/device-authorization', '/backchannel']

/** Sends a request to a server; form-encoded unless told. */
export function send(
  issuer: string,
  path: string,
  { method = 'POST', headers = {}, body }: Sent,
  accept?: string,
): Promise<Response> {
  return fetch(issuer + path, {
    method,
    redirect: 'manual',
    ...(body !== undefined && { body }),
    // fetch sends */* unless told; an empty header is the nearest to none.
    headers: { ...(body !== undefined && { 'content-type': form }), accept: accept ?? '', ...headers },
  })
}

/** Sends it as everybody would, and expects the same JSON each time. */
export async function same(
  issuer: string,
  path: string,
  sent: Sent,
  { status, error, header }: Expected,
): Promise<void> {
  for (const [who, accept] of accepts) {
    const answer = await send(issuer, path, sent, accept)
    const text = await answer.text()
    const about = `${sent.method ?? 'POST'} ${path} for ${who}: ${text.slice(0, 200)}`
    expect(answer.status, about).to.equal(status)
    expect(answer.headers.get('content-type'), about).to.match(/^application\/json\b/)
    expect(JSON.parse(text).error, about).to.equal(error)
    expect(answer.headers.get('x-request-id'), about).to.match(/^[\w-]{12,}$/)
    if (header) expect(answer.headers.get(header[0]), about).to.match(header[1])
  }
}
