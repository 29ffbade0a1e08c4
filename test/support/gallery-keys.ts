import type { KeyLine } from '../../src/web/api-key-pages.ts'
import { account, day, longEmail, now, type Picture, picture, wrong } from './gallery-samples.ts'

const key = (id: string, more: Partial<KeyLine> = {}): KeyLine => ({
  id: `lk_${id.padEnd(22, 'x7Qd2f')}`,
  name: 'Trading bot',
  scopes: ['read', 'trade'],
  addresses: [],
  pair: false,
  createdAt: now - 20 * day,
  usedAt: now - 3_600_000,
  usedFrom: '203.0.113.7',
  endsAt: now + 70 * day,
  ended: false,
  formerUntil: undefined,
  ...more,
})
const blank = { name: '', scope: ['read'], addresses: '', expires: '2026-06-01', public_key: '' }
const page = {
  ...account,
  keys: [],
  scopes: ['read', 'trade', 'transfer'],
  typed: blank,
  at: undefined,
  ...{ draft: undefined, publicKey: '' },
  today: '2026-03-03',
  full: false,
}
const many = [
  key('a', { formerUntil: now + day }),
  key('b', {
    name: 'Treasury',
    scopes: ['read', 'trade', 'transfer'],
    addresses: ['203.0.113.0/24', '198.51.100.7', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff'],
    pair: true,
    usedAt: undefined,
    usedFrom: undefined,
    endsAt: undefined,
  }),
  key('c', {
    name: 'Der Handelsroboter mit dem allerlängsten Namen von allen hier',
    scopes: ['read'],
    endsAt: now - day,
    ended: true,
  }),
]

/** API keys: none, some, refused, made. */
export const keyPages: readonly Picture[] = [
  picture('keys', 'account/api-keys', { ...page, keys: many }),
  picture('keys-none', 'account/api-keys', page),
  picture('keys-de', 'account/api-keys', { ...page, keys: many, person: { email: longEmail }, locale: 'de' }),
  picture('keys-full', 'account/api-keys', { ...page, keys: many.slice(0, 1), full: true }),
  picture('keys-refused', 'account/api-keys', {
    ...page,
    typed: { ...blank, name: 'Treasury', scope: ['read', 'transfer'] },
    ...wrong(
      'addresses_needed',
      'addresses',
      'A key with the Transfer permission works only from IP addresses you list. Enter at least one.',
    ),
  }),
  picture('keys-refused-scope', 'account/api-keys', {
    ...page,
    typed: { ...blank, scope: [] },
    ...wrong('invalid_scope', 'scope', 'Choose at least one permission: Read, Trade or Transfer.'),
  }),
  picture('keys-refused-pair', 'account/api-keys', {
    ...page,
    typed: { ...blank, name: 'Bot', public_key: '-----BEGIN RSA PUBLIC KEY-----' },
    ...wrong('invalid_public_key', 'public_key', 'This isn’t an Ed25519 public key.'),
  }),
  picture('keys-refused-name', 'account/api-keys', {
    ...page,
    keys: many,
    at: many[0]?.id,
    ...wrong('invalid_name', 'name', 'Enter a name of up to 60 characters.'),
  }),
  picture('keys-slow-down', 'account/api-keys', {
    ...page,
    ...wrong('slow_down', undefined, 'Too many attempts. Wait 40 seconds, then try again.'),
  }),
  picture('key-made', 'account/api-key', {
    ...account,
    key: key('a'),
    secret: `lks_${'aB3-dE6_'.repeat(6).slice(0, 43)}`,
  }),
  picture('key-rotated', 'account/api-key', {
    ...account,
    key: key('a', { formerUntil: now + day }),
    secret: `lks_${'aB3-dE6_'.repeat(6).slice(0, 43)}`,
    locale: 'de',
  }),
  picture('key-pair', 'account/api-key', { ...account, key: key('a', { pair: true }), secret: undefined }),
]
