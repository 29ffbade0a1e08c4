import { z } from 'zod'
import { block, contact, countries, loopback, place, setting, url, whole, words, yesOrNo } from './setting.ts'

/** Every setting once: the only names that Latchkey reads from the environment. README's table is printed from it. */
export const settings = {
  LATCHKEY_ISSUER: setting(
    'The URL people and apps know Latchkey by: scheme, host and port, no path.',
    'http://localhost:3000',
    url('http:', 'https:')
      .refine(text => URL.canParse(text) && new URL(text).href === `${new URL(text).origin}/`, {
        error: 'must have no path, query or user',
      })
      .transform(text => new URL(text).origin)
      .default('http://localhost:3000'),
  ),
  LATCHKEY_LISTEN: setting('Where to listen, `host:port`.', 'from the issuer', place.optional()),
  LATCHKEY_STORE: setting(
    '`sqlite:PATH`, `sqlite::memory:` (gone at exit), or a `postgres://` or `mongodb://` URL.',
    'sqlite:data/latchkey.db',
    z
      .string()
      .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+|mongodb(\+srv)?:\/\/.+)$/, {
        error: 'must be sqlite:PATH, sqlite::memory:, postgres://… or mongodb://…',
      })
      .default('sqlite:data/latchkey.db'),
  ),
  LATCHKEY_CLIENTS: setting(
    'The file that declares the apps and their APIs.',
    'clients.json',
    z.string().min(1).default('clients.json'),
  ),
  LATCHKEY_REGISTRATION: setting(
    'Who may register apps of their own (RFC 7591): nobody (`off`), who was invited by `latchkey clients invite` (`token`), or everybody (`open`).',
    'off',
    z.enum(['off', 'token', 'open'], { error: 'must be off, token or open' }).default('off'),
  ),
  LATCHKEY_CIMD: setting(
    'Comma-separated hosts whose apps may be known by a document there, its address being their `client_id`; `*` for any, `off` for none.',
    'off',
    words
      .refine(
        ([first, ...more]) =>
          ((first === 'off' || first === '*') && more.length === 0) ||
          (first !== undefined && [first, ...more].every(each => each !== 'off' && /^[a-z0-9.-]+(:\d+)?$/.test(each))),
        { error: 'must be off, * or hosts' },
      )
      .transform(list => (list[0] === 'off' || list[0] === '*' ? list[0] : list))
      .default('off'),
  ),
  LATCHKEY_SECRETS: setting(
    'Comma-separated, newest first, 32 characters or more each: what seals and peppers derive from. A new one goes in front; an old one leaves once `latchkey secrets reseal` says that nothing needs it.',
    'generated and kept beside the store; required in production',
    words
      .refine(list => list.length > 0 && list.every(each => each.length >= 32), {
        error: 'each must have 32 characters or more',
      })
      .optional(),
  ),
  LATCHKEY_MAIL_URL: setting(
    'The mail server, `smtp://user:password@host:port` or `smtps://…`.',
    'the development outbox',
    url('smtp:', 'smtps:').optional(),
  ),
  LATCHKEY_MAIL_FROM: setting(
    'What mails are from.',
    'Latchkey <no-reply@(issuer’s host)>',
    z
      .string()
      .regex(/^[^\r\n]*\S+@\S+[^\r\n]*$/, { error: 'must be an address' })
      .optional(),
  ),
  LATCHKEY_MAIL_EHLO: setting(
    'What Latchkey calls itself to the mail server (EHLO): some refuse a name that is no host.',
    'the issuer’s host',
    z
      .string()
      .regex(/^(\[[0-9A-Za-z:.]+\]|[A-Za-z0-9.-]+)$/, { error: 'must be a host name, or an address in brackets' })
      .optional(),
  ),
  LATCHKEY_SMS_URL: setting(
    'An HTTPS endpoint that takes a POST of `{to, text}`; http only on loopback. A user and password in it become Basic authorization.',
    'the development outbox',
    url('https:', 'http:')
      .refine(text => !text.startsWith('http:') || (URL.canParse(text) && loopback(new URL(text).hostname)), {
        error: 'must be https',
      })
      .optional(),
  ),
  LATCHKEY_SMS_DAILY: setting(
    'How many texts may go out on one day, all together; four fifths of them to numbers that nobody has proved yet.',
    '1000',
    whole(1, 10_000_000).default(1_000),
  ),
  LATCHKEY_SMS_COUNTRIES: setting(
    'Comma-separated countries that texts are sent to (ISO 3166-1, two letters each): `AT,DE,CH`.',
    'all',
    countries.optional(),
  ),
  LATCHKEY_TLS_CERT: setting(
    'A PEM file: serve https with this certificate chain.',
    'http',
    z.string().min(1).optional(),
  ),
  LATCHKEY_TLS_KEY: setting('The PEM file of its key.', 'none', z.string().min(1).optional()),
  LATCHKEY_TRUST_PROXY: setting(
    'Comma-separated addresses or CIDR blocks of proxies whose word about senders is believed.',
    'none',
    words.refine(list => list.every(block), { error: 'each must be an address or a CIDR block' }).default([]),
  ),
  LATCHKEY_PROXY_HEADER: setting(
    'The header in which those proxies name the sender: `X-Forwarded-For` or `Forwarded` (RFC 7239). What clients send in the other is ignored.',
    '`X-Forwarded-For`, else `Forwarded`',
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['x-forwarded-for', 'forwarded'], { error: 'must be X-Forwarded-For or Forwarded' }))
      .optional(),
  ),
  LATCHKEY_SECURITY_CONTACT: setting(
    'Comma-separated `https://…` or `mailto:…` addresses for who finds a weakness: `/.well-known/security.txt` (RFC 9116) names them.',
    'none',
    words.refine(list => list.every(contact), { error: 'each must be https://… or mailto:…' }).default([]),
  ),
  LATCHKEY_MTLS_URL: setting(
    'The URL of the host at which apps show client certificates (RFC 8705): scheme, host and port. Without it there is none.',
    'none',
    url('https:')
      .refine(text => URL.canParse(text) && new URL(text).href === `${new URL(text).origin}/`, {
        error: 'must have no path, query or user',
      })
      .transform(text => new URL(text).origin)
      .optional(),
  ),
  LATCHKEY_MTLS_LISTEN: setting(
    'Where to ask for client certificates, `host:port`, served with the certificate of `LATCHKEY_TLS_CERT`.',
    'none',
    place.optional(),
  ),
  LATCHKEY_MTLS_HEADER: setting(
    'In its place: the header in which a proxy of `LATCHKEY_TRUST_PROXY` passes client certificates on (RFC 9440, or URL-encoded PEM).',
    'none',
    z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]*$/, { error: 'must be the name of a header' })
      .transform(name => name.toLowerCase())
      .optional(),
  ),
  LATCHKEY_MTLS_CA: setting(
    'A PEM file of the authorities that issue the certificates of apps with `tls_client_auth`.',
    'none',
    z.string().min(1).optional(),
  ),
  LATCHKEY_TRUST: setting(
    'Days for which people may trust a device, so that it is not asked for a second step; 0 offers it to nobody.',
    '30',
    whole(0, 365).default(30),
  ),
  LATCHKEY_GEOIP: setting(
    'A file of places by address (MaxMind DB format), finer than the table of countries that comes along.',
    'none',
    z.string().min(1).optional(),
  ),
  LATCHKEY_WORKERS: setting('How many processes serve.', '1', whole(1, 64).default(1)),
  LATCHKEY_SESSION_IDLE: setting(
    'Minutes without use after which a session ends.',
    '1440',
    whole(5, 525_600).default(1_440),
  ),
  LATCHKEY_SESSION_MAX: setting(
    'Minutes after which a session ends in any case.',
    '43200',
    whole(5, 525_600).default(43_200),
  ),
  LATCHKEY_REFRESH_MAX: setting(
    'Days that an app may go on refreshing before people have to sign in to it again; `refresh_token_max` of a client says less.',
    '90',
    whole(1, 365).default(90),
  ),
  LATCHKEY_REQUIRE_PAR: setting(
    '`yes`: every app must push its authorization requests (RFC 9126), whatever its entry says.',
    'no',
    yesOrNo,
  ),
  LATCHKEY_DPOP_NONCES: setting(
    '`yes`: every DPoP proof must show a nonce that Latchkey gave (RFC 9449, 8).',
    'no',
    yesOrNo,
  ),
  LATCHKEY_HOLD: setting(
    'Hours that apps are told to wait with what cannot be undone once an account’s protection was loosened, and in which a credential that was added counts for no more than the proof that authorised it; 0 for none.',
    '24',
    whole(0, 8_760).default(24),
  ),
  LATCHKEY_KEY_DAYS: setting(
    'Days after which a signing key is replaced by the next; 0 for never but by `latchkey keys rotate`.',
    '90',
    whole(0, 3_650).default(90),
  ),
  LATCHKEY_CLOSING: setting(
    'Days in which whoever closes their account may change their mind; after them it is removed.',
    '7',
    whole(1, 90).default(7),
  ),
  LATCHKEY_RECOVERY_DELAY: setting(
    'Hours between the staff’s second yes to an identity check and its use: what the account’s owner has to say no.',
    '24',
    whole(1, 720).default(24),
  ),
  LATCHKEY_HASH_QUEUE: setting(
    'How many password hashes may wait before the next is answered 503.',
    '64',
    whole(1, 10_000).default(64),
  ),
  LATCHKEY_METRICS_TOKEN: setting(
    'The bearer token that `/metrics` asks for; without one there is no such page.',
    'none',
    z.string().min(16, { error: 'must have 16 characters or more' }).optional(),
  ),
  LATCHKEY_AUDIT_HEADS: setting(
    'Where the end of the audit log is signed every hour, so that a log cut short is noticed: the `log`, `off`, or a file that lines are added to. `latchkey audit verify` compares with the last line of such a file.',
    'log',
    z
      .string()
      .default('log')
      .transform(text => (text === 'log' || text === 'off' ? text : { file: text })),
  ),
  LATCHKEY_LOG: setting(
    'How much to log: `silent`, `error`, `warn`, `info` or `debug`.',
    'info',
    z
      .enum(['silent', 'error', 'warn', 'info', 'debug'], { error: 'must be silent, error, warn, info or debug' })
      .default('info'),
  ),
} as const

/** The settings as README's table, in Markdown. */
export function settingsTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = Object.entries(settings).map(
    ([name, each]) => `| \`${name}\` | ${cell(each.means)} | ${cell(each.default)} |`,
  )
  return ['| setting | what it means | default |', '|---|---|---|', ...rows].join('\n')
}
