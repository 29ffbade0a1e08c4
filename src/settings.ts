import { mostWorkers } from './environment.ts'
import { operating } from './operating-settings.ts'
import { optional, setting } from './setting.ts'
import * as shape from './setting-shapes.ts'

/**
 * Every setting, once: the only names that Latchkey reads from the environment, in the shape in which config.ts hands their values on.
 * README's table and `latchkey --help` are printed from it. Times are in milliseconds once they are read.
 */
export const settings = {
  issuer: setting(
    'LATCHKEY_ISSUER=http://localhost:3000',
    'The URL people and apps know Latchkey by: scheme, host and port, no path.',
    shape.origin('http:', 'https:'),
  ),
  listen: {
    at: optional('LATCHKEY_LISTEN', 'Where to listen, `host:port`.', 'from the issuer', shape.place),
    tls: {
      cert: optional('LATCHKEY_TLS_CERT', 'A PEM file: serve https with this certificate chain.', 'http', shape.text),
      key: optional('LATCHKEY_TLS_KEY', 'The PEM file of its key.', 'none', shape.text),
    },
    trustProxy: setting(
      'LATCHKEY_TRUST_PROXY=',
      'Comma-separated addresses or CIDR blocks of proxies whose word about senders is believed.',
      shape.blocks,
    ),
    forwarded: optional(
      'LATCHKEY_PROXY_HEADER',
      'The header in which those proxies name the sender: `X-Forwarded-For` or `Forwarded` (RFC 7239). What clients send in the other is ignored.',
      '`X-Forwarded-For`, else `Forwarded`',
      shape
        .like(/^(x-forwarded-for|forwarded)$/i, 'must be X-Forwarded-For or Forwarded')
        .transform(name => name.toLowerCase() as 'x-forwarded-for' | 'forwarded'),
    ),
  },
  store: setting(
    'LATCHKEY_STORE=sqlite:data/latchkey.db',
    '`sqlite:PATH`, `sqlite::memory:` (gone at exit), or a `postgres://` or `mongodb://` URL.',
    shape.like(
      /^(sqlite:.+|postgres(ql)?:\/\/.+|mongodb(\+srv)?:\/\/.+)$/,
      'must be sqlite:PATH, sqlite::memory:, postgres://… or mongodb://…',
    ),
    'secret',
  ),
  brand: optional(
    'LATCHKEY_BRAND',
    'A folder with `brand.json`: name, logo, colours, links and sender of your own; docs/branding.md says what else.',
    'Latchkey’s own',
    shape.text,
  ),
  clients: setting('LATCHKEY_CLIENTS=clients.json', 'The file that declares the apps and their APIs.', shape.text),
  apps: {
    registration: setting(
      'LATCHKEY_REGISTRATION=off',
      'Who may register apps of their own (RFC 7591): nobody (`off`), who was invited by `latchkey apps invite` (`token`), or everybody (`open`).',
      shape.oneOf('off', 'token', 'open'),
    ),
    documents: setting(
      'LATCHKEY_CIMD=off',
      'Comma-separated hosts whose apps may be known by a document there, its address being their `client_id`; `*` for any, `off` for none.',
      shape.hosts,
    ),
  },
  secrets: optional(
    'LATCHKEY_SECRETS',
    'Comma-separated, newest first, 32 characters or more each: what seals and peppers derive from. A new one goes in front; an old one leaves once `latchkey secrets reseal` says that nothing needs it.',
    'generated and kept beside the store; required in production',
    shape.keys,
    'secret',
  ),
  mail: {
    url: optional(
      'LATCHKEY_MAIL_URL',
      'The mail server, `smtp://user:password@host:port` or `smtps://…`.',
      'the development outbox',
      shape.url('smtp:', 'smtps:'),
      'secret',
    ),
    from: optional(
      'LATCHKEY_MAIL_FROM',
      'Who emails are from.',
      'Latchkey <no-reply@(issuer’s host)>',
      shape.like(/^(?!.*[\r\n]).*\S@\S/s, 'must be an address'),
    ),
    ehlo: optional(
      'LATCHKEY_MAIL_EHLO',
      'What Latchkey calls itself to the mail server (EHLO): some refuse a name that is no host.',
      'the issuer’s host',
      shape.like(/^(\[[0-9A-Za-z:.]+\]|[A-Za-z0-9.-]+)$/, 'must be a host name, or an address in brackets'),
    ),
  },
  sms: {
    url: optional(
      'LATCHKEY_SMS_URL',
      'An HTTPS endpoint that takes a POST of `{to, text}`; http only on loopback. A user and password in it become Basic authorization.',
      'the development outbox',
      shape.endpoint,
      'secret',
    ),
    daily: setting(
      'LATCHKEY_SMS_DAILY=1000',
      'How many texts may go out on one day, all together; four fifths of them to numbers that nobody has proved yet.',
      shape.whole(1, 10_000_000),
    ),
    countries: optional(
      'LATCHKEY_SMS_COUNTRIES',
      'Comma-separated countries that texts are sent to (ISO 3166-1, two letters each): `AT,DE,CH`.',
      'all',
      shape.countries,
    ),
  },
  contacts: setting(
    'LATCHKEY_SECURITY_CONTACT=',
    'Comma-separated `https://…` or `mailto:…` addresses for who finds a weakness: `/.well-known/security.txt` (RFC 9116) names them.',
    shape.contacts,
  ),
  mtls: {
    url: optional(
      'LATCHKEY_MTLS_URL',
      'The URL of the host at which apps show client certificates (RFC 8705): scheme, host and port. Without it there is none.',
      'none',
      shape.origin('https:'),
    ),
    listen: optional(
      'LATCHKEY_MTLS_LISTEN',
      'Where to ask for client certificates, `host:port`, served with the certificate of `LATCHKEY_TLS_CERT`.',
      'none',
      shape.place,
    ),
    header: optional(
      'LATCHKEY_MTLS_HEADER',
      'In its place: the header in which a proxy of `LATCHKEY_TRUST_PROXY` passes client certificates on (RFC 9440, or URL-encoded PEM).',
      'none',
      shape.like(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be the name of a header').transform(name => name.toLowerCase()),
    ),
    ca: optional(
      'LATCHKEY_MTLS_CA',
      'A PEM file of the authorities that issue the certificates of apps with `tls_client_auth`.',
      'none',
      shape.text,
    ),
  },
  trust: setting(
    'LATCHKEY_TRUST=30',
    'Days for which people may trust a device, so that it is not asked for a second step; 0 offers it to nobody.',
    shape.days(0, 365),
  ),
  geoip: {
    file: optional(
      'LATCHKEY_GEOIP',
      'A file of places by address (MaxMind DB format), finer than the table of countries that comes along.',
      'none',
      shape.text,
    ),
  },
  workers: setting('LATCHKEY_WORKERS=1', 'How many processes serve.', shape.whole(1, mostWorkers)),
  session: {
    idle: setting(
      'LATCHKEY_SESSION_IDLE=1440',
      'Minutes without use after which a session ends.',
      shape.minutes(5, 525_600),
    ),
    max: setting(
      'LATCHKEY_SESSION_MAX=43200',
      'Minutes after which a session ends in any case.',
      shape.minutes(5, 525_600),
    ),
  },
  requests: {
    refreshing: setting(
      'LATCHKEY_REFRESH_MAX=90',
      'Days that an app may go on refreshing before people have to sign in to it again; `refresh_token_max` of a client says less.',
      shape.days(1, 365),
    ),
    pushed: setting(
      'LATCHKEY_REQUIRE_PAR=no',
      '`yes`: every app must push its authorization requests (RFC 9126), whatever its entry says.',
      shape.yesOrNo,
    ),
    nonces: setting(
      'LATCHKEY_DPOP_NONCES=no',
      '`yes`: every DPoP proof must show a nonce that Latchkey gave (RFC 9449, 8).',
      shape.yesOrNo,
    ),
  },
  hold: setting(
    'LATCHKEY_HOLD=24',
    'Hours that apps are told to wait with what cannot be undone once an account’s protection was loosened, and in which a credential that was added counts for no more than the proof that authorised it; 0 for none.',
    shape.hours(0, 8_760),
  ),
  keys: {
    age: setting(
      'LATCHKEY_KEY_DAYS=90',
      'Days after which a signing key is replaced by the next; 0 for never but by `latchkey keys rotate`.',
      shape.days(0, 3_650),
    ),
  },
  closing: setting(
    'LATCHKEY_CLOSING=7',
    'Days in which people who close their account can change their mind; after them it is removed.',
    shape.days(1, 90),
  ),
  recovery: {
    delay: setting(
      'LATCHKEY_RECOVERY_DELAY=24',
      'Hours between the staff’s second yes to an identity check and its use: what the account’s owner has to say no.',
      shape.hours(1, 720),
    ),
  },
  hashing: {
    queue: setting(
      'LATCHKEY_HASH_QUEUE=64',
      'How many password hashes may wait before the next is answered 503.',
      shape.whole(1, 10_000),
    ),
  },
  ...operating,
}
