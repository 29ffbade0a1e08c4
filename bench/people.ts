import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { generateSecret } from 'otplib'
import { accounts } from '../src/accounts/account.ts'
import { credentials, type NewCredential } from '../src/accounts/credential.ts'
import { passwordKinds } from '../src/accounts/password-kinds.ts'
import { sessionBook } from '../src/accounts/session.ts'
import { keys } from '../src/api-keys/api-keys.ts'
import { keyring } from '../src/crypto/keyring.ts'
import { id } from '../src/crypto/random.ts'
import { sealer } from '../src/crypto/seal.ts'
import { passkey } from '../src/factors/passkey.ts'
import { openStore } from '../src/store/open.ts'
import type { Pair } from '../test/conformance/proving.ts'
import { type Authenticator, authenticator } from '../test/support/authenticator.ts'
import { totpAt } from '../test/support/codes.ts'
import { type Jar, jar, type Page } from '../test/support/jar.ts'
import { api, app, machine } from './clients.ts'
import { keysOf } from './signed.ts'

/** What seals and peppers in a measurement, so that commands can open its store. */
export const measuredSecrets = 'what seals and peppers in a measurement and nowhere else'
/** How many people sign in side by side. */
export const peopleAtOnce = 4
/** Everybody's. */
export const password = 'plover-gantry-sextant-71'

/** An app that people sign in to, and what it proves itself by: a secret, or the key that its tokens are bound to. */
export interface Signing {
  client_id: string
  client_secret?: string
  key?: Pair
}

export interface Person {
  email: string
  /** Of the authenticator, base32. */
  totp: string
  /** Where codes are texted to, of those who have no authenticator. */
  phone?: string
}

export interface Settled {
  people: number
  /** People who have a passkey; as many as sign in side by side, unless told. */
  holders?: number
  /** How many of the people have codes texted or emailed to them in place of an authenticator. */
  texted?: number
  /** People who are only there, each with five sessions. */
  others?: number
  /** A hash of another product, which every other of the people has, as an import would have left them. */
  imported?: string
}

/** What clients.json says, with more apps if they are told. */
export function declared(apps: readonly object[]): object {
  const apis = { [api.resource]: api.scopes }
  const { redirect_uris: _, response_types: __, ...service } = machine
  return {
    apis: [api],
    clients: [{ ...app, scope: 'openid offline_access', first_party: true, apis }, { ...service, apis }, ...apps],
  }
}

/** Puts people into the store, as sign-up would have left them. */
export async function settle(url: string, wanted: Settled & { hash: string; issuer: string }) {
  const { people, holders: holding = peopleAtOnce, texted = 0, others = 0, imported, hash, issuer } = wanted
  // Sweeping, as the measured process does: MongoDB refuses an index that differs from the one of the same name.
  const store = await openStore(url, { now: Date.now })
  const known = accounts(store)
  const held = credentials({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now })
  const crowd: Person[] = Array.from({ length: people }, (_, at) => ({
    email: `person-${at}@example.com`,
    totp: generateSecret({ length: 20 }),
    ...(at < texted && { phone: `+436641230${String(at).padStart(3, '0')}` }),
  }))
  const at = Date.now()
  const begin = async (email: string, factors: Omit<NewCredential, 'account'>[], account = id()): Promise<string> => {
    const holds: string[] = []
    for (const each of factors) holds.push(await held.add({ account, ...each }))
    await known.insert({ id: account, email, locale: 'en', status: 'active', holds, createdAt: at, updatedAt: at })
    return account
  }
  const holders: Authenticator[] = []
  for (let worker = 0; worker < holding; worker++) {
    const account = id()
    const { device, ...enrolled } = await newPasskey(account, issuer)
    holders.push(device)
    await begin(`holder-${worker}@example.com`, [{ factor: 'passkey', ...enrolled }], account)
  }
  for (const [which, { email, totp, phone }] of crowd.entries()) {
    await begin(email, [
      { factor: 'password', secret: { hash: which % 2 === 1 && imported ? imported : hash } },
      ...(phone
        ? [
            { factor: 'sms', secret: { to: phone } },
            { factor: 'email', secret: { to: email } },
          ]
        : [{ factor: 'totp', secret: { secret: totp, step: 0 } }]),
    ])
  }
  if (imported) await passwordKinds({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now }).begin()
  const book = sessionBook({ store, longest: 30 * 24 * 3_600_000, now: Date.now })
  const other = async (which: number): Promise<void> => {
    const account = await begin(`other-${which}@example.com`, [{ factor: 'password', secret: { hash } }])
    const place = { address: '192.0.2.1', country: undefined, agent: {} }
    const session = { account, device: id(), ...place, acr: 'mfa', amr: ['pwd'] }
    await Promise.all(Array.from({ length: 5 }, () => book.started({ id: id(), ...session })))
  }
  // A thousand at once share the commits; all at once would not fit into memory.
  for (let from = 0; from < others; from += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => other(from + at)))
  const trader = (await known.byEmail(crowd[0]?.email ?? ''))?.id ?? ''
  const own = await keysOf(keys({ store, sealer: sealer(keyring([measuredSecrets])), now: Date.now }), trader)
  await store.close()
  return { crowd, keys: own, holders }
}

async function newPasskey(account: string, issuer: string) {
  const { enrol } = passkey({ name: 'Latchkey', issuer })
  const who = { account, email: undefined, credentials: [], locale: 'en', now: Date.now(), towards: undefined }
  const asked = await enrol.begin?.(who, {})
  if (!asked) throw new Error('nothing is asked')
  const device = authenticator({ synced: true })
  const made = await device.create(asked.page?.options as Parameters<Authenticator['create']>[0], issuer)
  return { device, ...(await enrol.finish({ response: JSON.stringify(made) }, asked.state, who)) }
}

/** Throws unless a page is the one that a sign-in without an app leads to. */
export function arrived({ url, text }: Page): void {
  if (!url.endsWith('/account')) throw new Error(`signed in to ${url}: ${text.slice(0, 200)}`)
}

/** From the first page of a sign-in to where it leads. */
export async function prove(page: Page, { email, totp }: Person): Promise<Page> {
  const asked = await page.submit({ email, password }, 'Sign in')
  return asked.submit({ code: totpAt(totp, Date.now()) }, { field: 'code' })
}

/** Signs somebody in for the app, up to the code that it is sent, and to what redeems it: the form of the token endpoint. A browser with a session is asked for nothing. */
export async function authorized(
  issuer: string,
  person: Person,
  browser: Jar = jar(),
  { client_id, client_secret }: Signing = app,
) {
  const options = { execute: [oidc.allowInsecureRequests] }
  const proof = client_secret === undefined ? oidc.None() : undefined
  const provider = await oidc.discovery(new URL(issuer), client_id, client_secret, proof, options)
  const verifier = oidc.randomPKCECodeVerifier()
  const [redirect = ''] = app.redirect_uris
  const url = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: redirect,
    scope: 'openid offline_access read',
    resource: api.resource,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const asked = await browser.get(url.href)
  const page = asked.location === undefined ? await prove(asked, person) : asked
  if (page.location === undefined) throw new Error(`stays at ${page.url}: ${page.text.slice(0, 200)}`)
  const callback = new URL(page.location)
  const code = callback.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }
  return { provider, callback, verifier, form: { ...form, resource: api.resource } }
}

/** Signs somebody in for an app, the usual one unless told; resolves to its refresh token. */
export async function refreshToken(issuer: string, person: Person, as: Signing = app, browser?: Jar): Promise<string> {
  const { provider, callback, verifier } = await authorized(issuer, person, browser, as)
  const checks = { pkceCodeVerifier: verifier }
  const { key } = as
  const publicKey = key && ((await importJWK(key.publicJwk, key.alg)) as Pair['privateKey'])
  const DPoP = publicKey && oidc.getDPoPHandle(provider, { privateKey: key.privateKey, publicKey })
  const tokens = await oidc.authorizationCodeGrant(
    provider,
    callback,
    checks,
    { resource: api.resource },
    DPoP && { DPoP },
  )
  if (tokens.refresh_token === undefined) throw new Error('there is no refresh token')
  return tokens.refresh_token
}
