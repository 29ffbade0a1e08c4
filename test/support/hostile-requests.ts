import { connect } from 'node:net'
import fc from 'fast-check'
import { sources } from '../house/rules.ts'
import type { Route } from './routes.ts'

/** What there is to be attacked, and what an attacker could know of it. */
interface Ground {
  routes: readonly Route[]
  /** Names of members of forms, queries and JSON. */
  members: readonly string[]
  /** Real values that stand in paths: a flow, an account, a session. */
  known: readonly string[]
}

interface HostileRequest {
  method: string
  path: string
  query: string
  type: string
  body: string
  headers: Record<string, string>
  /** Whose cookies and which token it carries, if any: which of those that there are. */
  cookies: number
  bearer: number
}

/** The endpoints that discovery names; how they are routed is oidc-provider's own affair. */
const endpoints = (metadata: Record<string, unknown>): Route[] =>
  Object.entries(metadata).flatMap(([name, value]) =>
    /_endpoint$|^jwks_uri$/.test(name) && typeof value === 'string'
      ? [{ methods: ['GET', 'POST'], path: new URL(value).pathname }]
      : [],
  )

/** The operations of an OpenAPI description. */
function operations({ servers, paths }: { servers: { url: string }[]; paths: Record<string, object> }): Route[] {
  const base = new URL(servers[0]?.url ?? '').pathname
  return Object.entries(paths).map(([path, methods]) => ({
    methods: Object.keys(methods).map(each => each.toUpperCase()),
    path: base + path.replaceAll(/{(\w+)}/g, ':$1'),
  }))
}

const ofOAuth =
  'client_id redirect_uri response_type response_mode scope state nonce acr_values max_age prompt request request_uri claims resource grant_type code code_verifier code_challenge code_challenge_method refresh_token token token_type_hint id_token_hint login_hint ui_locales client_assertion client_assertion_type client_secret device_code user_code auth_req_id binding_message subject_token subject_token_type audience authorization_details dpop_jkt post_logout_redirect_uri logout_token'

/** Every member that the source reads from a form or a query by its name, and those of OAuth. */
function members(): string[] {
  const read = sources('src', '.ts').flatMap(({ text }) =>
    [...text.matchAll(/\b(?:queryF|f)ield\(ctx, '([\w.-]+)'/g)].map(found => found[1] ?? ''),
  )
  return [...new Set([...read, ...ofOAuth.split(' '), '__proto__', 'constructor', 'a[b][c]', ''])]
}

/** Names of the members that an OpenAPI description or a JSON schema has. */
function namesWithin(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesWithin)
  if (typeof value !== 'object' || value === null) return []
  const { properties = {} } = value as { properties?: object }
  return [...Object.keys(properties), ...Object.values(value).flatMap(namesWithin)]
}

/** Finds what can be attacked at an issuer: these routes, and what its discovery and the description of its admin API name. */
export async function groundOf(issuer: string, routes: readonly Route[]): Promise<Omit<Ground, 'known'>> {
  const json = async (path: string) => (await fetch(issuer + path)).json()
  const metadata = (await json('/.well-known/openid-configuration')) as Record<string, unknown>
  const description = (await json('/admin/api/openapi.json')) as Parameters<typeof operations>[0]
  return {
    routes: [...routes, ...endpoints(metadata), ...operations(description)],
    members: [...new Set([...members(), ...namesWithin(description)])],
  }
}

const words = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    '%00',
    '..',
    '../..',
    '%',
    '%2e%2e%2f',
    '[]',
    '{"$gt":""}',
    "' OR 1=1 --",
  ],
  ...[
    '🔑'.repeat(9),
    'null',
    '-1',
    '1e999',
    '9'.repeat(40),
    '\u0000',
    '\r\nSet-Cookie: a=b',
    '<script>',
    'ﷺ',
    'İ',
    '\u202e',
  ],
  ...['a'.repeat(5_000), 'eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOnt9fQ.e30.', '....', '2026-13-40', '١٢٣٤٥٦'],
]

/** Requests that no app and no browser would send, to every route and with every member. The same seed gives the same requests. */
export function hostileRequests({ routes, members, known }: Ground): fc.Arbitrary<HostileRequest> {
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 20 }),
    fc.constantFrom(...words, ...known),
  )
  const fields = fc.array(fc.tuple(fc.constantFrom(...members), odd), { maxLength: 6 })
  const encoded = (pairs: [string, string][]) =>
    pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')
  const headers = fc.dictionary(
    fc.constantFrom(
      ...['Accept', 'Accept-Language', 'Authorization', 'DPoP', 'Origin', 'Referer', 'X-Forwarded-For', 'User-Agent'],
      ...[
        'If-None-Match',
        'Sec-Fetch-Site',
        'Idempotency-Key',
        'Signature',
        'Signature-Input',
        'Content-Digest',
        'Range',
      ],
    ),
    odd.map(text => text.replaceAll(/[^\x20-\x7e]/g, '?')),
    { maxKeys: 3 },
  )
  return fc
    .record({
      route: fc.constantFrom(...routes),
      which: fc.nat(),
      // Most ask as they may: others are refused before anything is read.
      method: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'PROPFIND'),
        },
      ),
      parts: fc.array(fc.oneof(fc.constantFrom(...known), odd), { minLength: 4, maxLength: 4 }),
      query: fields.map(encoded),
      content: fc.oneof(
        fields.map(pairs => ['application/x-www-form-urlencoded', encoded(pairs)] as const),
        fields.map(pairs => ['application/json', JSON.stringify(Object.fromEntries(pairs))] as const),
        fc
          .dictionary(fc.constantFrom(...members), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
          .map(object => ['application/json', JSON.stringify(object)] as const),
        fc.tuple(
          fc.constantFrom(
            'application/x-www-form-urlencoded',
            'application/json',
            'multipart/form-data; boundary=x',
            'text/plain',
            '',
          ),
          odd,
        ),
      ),
      headers,
      cookies: fc.nat(),
      bearer: fc.nat(),
    })
    .map(({ route, which, method, parts, query, content: [type, body], headers, ...rest }) => {
      let at = 0
      const path = route.path.replaceAll(/:\w+|\*\w*/g, () => escaped(parts[at++ % parts.length] ?? ''))
      return {
        method: method ?? route.methods[which % route.methods.length] ?? 'GET',
        path,
        query,
        type,
        body,
        headers,
        ...rest,
      }
    })
}

const escaped = (value: string) => encodeURIComponent(value.toWellFormed())

/** Spells a request as it goes over the wire; `with` adds headers. */
function spelled(
  { method, path, query, type, body, headers }: HostileRequest,
  more: Record<string, string> = {},
): string {
  const content = method === 'GET' || method === 'HEAD' ? '' : Buffer.from(body.toWellFormed()).toString('latin1')
  const lines = [
    `${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}`),
    ...(type ? [`Content-Type: ${type}`] : []),
    `Content-Length: ${content.length}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${content}`
}

/** Sends bytes as they are, and resolves to the answer as it came; status 0 when the connection is just closed. */
export function sendRaw(url: string, bytes: string): Promise<{ status: number; text: string }> {
  const { port } = new URL(url)
  return new Promise(resolve => {
    const socket = connect(Number(port), 'localhost', () => socket.write(bytes, 'latin1'))
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => resolve({ status: 0, text }))
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }))
  })
}

/** Sends a request with the cookies of one of these browsers and one of these tokens, an empty one of which is none. `traced`: the answer has a stack trace. */
export async function attack(
  issuer: string,
  request: HostileRequest,
  { cookies, bearers }: { cookies: readonly string[]; bearers: readonly string[] },
  headers: Record<string, string> = {},
) {
  const [cookie, bearer] = [cookies[request.cookies % cookies.length], bearers[request.bearer % bearers.length]]
  const bytes = spelled(request, {
    ...headers,
    ...(cookie && { Cookie: cookie }),
    ...(bearer && { Authorization: `Bearer ${bearer}` }),
  })
  const { status, text } = await sendRaw(issuer, bytes)
  return { bytes, status, traced: /\bat .*\.(ts|js):\d/.test(text) }
}
