import { dialledCountries } from '../../src/factors/contacts.ts'
import { namedIn } from '../../src/web/calling-codes.ts'
import type { Pages } from '../../src/web/pages.ts'
import type { Protector } from '../../src/web/security.ts'
import type { Locals } from '../../src/web/show.ts'

/** One page in one state. */
export interface Picture<Name extends keyof Pages = keyof Pages> {
  title: string
  page: Name
  locals: Locals<Name>
}

/** The moment of every picture, in milliseconds since the epoch. */
export const now = Date.UTC(2026, 2, 3, 9, 41)
/** In milliseconds. */
export const day = 86_400_000

/** The whole list of countries. */
export const dialled = { list: namedIn('en', dialledCountries()), first: 'GB' }

/** An app of the suite asks. */
export const trading = { name: 'Trading', tile: 'trading' }
/** An app whose name is as long as they get. */
export const longApp = { name: 'Donaudampfschifffahrtsgesellschaft Wertpapierverwaltung', tile: 'none' }
/** An address as long as they get. */
export const longEmail = 'wilhelmina.featherstonehaugh-cholmondeley@investments.example.co.uk'
/** Other ways to prove who one is. */
export const others = {
  sms: { id: 'sms' },
  totp: { id: 'totp' },
  email: { id: 'email' },
  last: { id: 'recovery-code' },
}

const codes = ['k7qd2-9xw4m', '3hv8n-t5rgc', 'yz6b1-pe0sj', 'm4fk9-2wqdx', 'c8t5r-hn7v3', 'b1pze-y60sj']
/** A sheet of recovery codes. */
export const tenCodes = [...codes, '9xw4m-k7qd2', 't5rgc-3hv8n', '2wqdx-m4fk9', 'hn7v3-c8t5r']

/** What a device is asked for a passkey. */
export const passkeyOptions = {
  challenge: 'Y2hhbGxlbmdl',
  rpId: 'localhost',
  timeout: 60_000,
  userVerification: 'required',
}
/** What a device is asked to make a passkey. */
export const creation = {
  challenge: 'Y2hhbGxlbmdl',
  rp: { id: 'localhost', name: 'Latchkey' },
  user: { id: 'YWRh', name: 'ada@example.com', displayName: 'ada@example.com' },
  pubKeyCredParams: [-8, -7, -257].map(alg => ({ type: 'public-key', alg })),
}

const squares = Array.from({ length: 29 * 29 }, (_, at) => at)
  .filter(at => ((at * 2_654_435_761) >>> 0) % 7 < 3)
  .map(at => `M${at % 29},${Math.floor(at / 29)}h1v1h-1z`)
/** A QR code is any picture of squares here: what matters is how much room it takes. */
export const qr = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" role="img" color="#000"><title>QR code</title><rect width="29" height="29" fill="#fff"/><path fill="currentColor" d="${squares.join('')}"/></svg>`

/** A step of a sign-in, at its plainest. */
export const step = {
  base: '/sign-in/a1',
  shown: {},
  typed: {},
  others: [],
  optional: false,
  progress: undefined,
  email: 'ada@example.com',
  towards: trading,
}
/** A step of a sign-up. */
export const signUp = { ...step, base: '/sign-up/a1' }
/** This page of a sign-up. */
export const at = (page: number) => ({ at: page, of: 6 })

/** A held credential of this factor. */
export const credential = (id: string, more: object = {}) => ({
  id: `c-${id}`,
  factor: { id },
  label: undefined,
  lookup: undefined,
  hint: undefined,
  createdAt: now - 90 * day,
  usedAt: now - day,
  ...more,
})
/** All that a careful person holds. */
export const held = [
  credential('password'),
  credential('totp'),
  credential('passkey', { label: 'iCloud Keychain', createdAt: now - 12 * day, usedAt: now }),
  credential('sms', { hint: '+44 •••• ••0123', usedAt: undefined }),
  credential('email', { hint: 'a••@example.com' }),
  credential('recovery-code', { hint: '9', usedAt: undefined }),
]

/** The same, and what may be done with each. */
export const protectors: readonly Protector[] = held.map(each => {
  const acts = {
    password: ['change'],
    totp: ['rename', 'prefer', 'remove'],
    passkey: ['rename', 'remove'],
    sms: ['change', 'rename', 'prefer', 'remove'],
    email: ['change'],
    'recovery-code': ['change'],
  } as const
  return { ...each, acts: acts[each.factor.id as keyof typeof acts], preferred: each.factor.id === 'passkey' }
})
/** What a password manager is told. */
export const signals = { rpId: 'localhost', user: 'ada', name: 'ada@example.com', passkeys: ['cGFzc2tleQ'] }

/** Something that happened to an account, in words. */
export const happened = (what: string, kind: 'sign-in' | 'security' | 'apps' | 'account', more: object = {}) => ({
  sequence: 1,
  name: 'session.started',
  device: 'd1',
  request: undefined,
  session: undefined,
  about: undefined,
  place: 'Vienna, Austria' as string | undefined,
  steps: [],
  at: now - day,
  what,
  kind,
  factor: undefined,
  unusual: false,
  address: '192.0.2.7',
  agent: 'Chrome on Windows',
  ...more,
})

/** A page in a state, typed as the page is. */
export const picture = <Name extends keyof Pages>(title: string, page: Name, locals: Locals<Name>): Picture => ({
  title,
  page,
  locals: locals as Picture['locals'],
})

type Problems = NonNullable<Picture['locals']['problem']>
/** What went wrong with the last post. */
export const wrong = (code: Problems['code'], field: string | undefined, text: string) => ({
  problem: { code, field, text },
})

/** After the last wrong answer: `ways` says what is there in its place, as pages are told it. */
export const closed = (text: string, ways?: 'code' | 'none') => ({
  problem: { code: 'way_closed' as const, field: undefined, text, retryAfter: 540, values: ways && { ways } },
})

/** What goes wrong most. */
export const wrongCode = wrong('wrong_code', 'code', 'That code is incorrect. You have 4 attempts left.')
/** The first page of a sign-in. */
export const start = {
  base: '/sign-in/a1',
  email: '',
  passkey: passkeyOptions,
  signUp: '/sign-up?from=a1',
  towards: trading,
}
/** Who is signed in. */
export const account = { person: { email: 'ada@example.com' } }

/** What a third party is told, as somebody reads it. */
export const toldOf = [
  { attribute: 'kyc_tier', name: 'Verification level', value: '2' },
  { attribute: 'roles', name: 'Your roles in this app', value: undefined },
]
/** The same where the value is as hostile as it can be, and as long: markup, a turn of the writing, no blank. */
export const toldHostile = [
  { attribute: 'verified', name: 'Identität geprüft', value: 'Ja' },
  { attribute: 'note', name: 'Vermerk', value: `<b>\u202e${'\u05d0x'.repeat(97)}` },
]
