import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { Receipt } from '../accounts/approval-receipt.ts'
import type { Quota } from '../accounts/quota.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { App } from '../clients/declared.ts'
import type { Clients, Hosts } from '../clients/registry.ts'
import type { Standing } from '../clients/rules.ts'
import type { Keyring } from '../crypto/keyring.ts'
import type { SendMail } from '../delivery/mails.ts'
import type { Emit, Origin } from '../events.ts'
import type { Detail } from '../flows/approval-details.ts'
import type { Ring } from '../keys/signing-keys.ts'
import type { Store } from '../store/collection.ts'
import type { Mtls } from './mtls.ts'

/** What the provider is given. Durations are in milliseconds. */
export interface Options {
  issuer: string
  standing: Standing
  store: Store
  keyring: Keyring
  /** The signing keys. */
  keys: Ring
  /** Of pairwise subjects. */
  salt: string
  clients: Clients
  /** Who may register clients: nobody, those with an invitation, or everybody. */
  registration: 'off' | 'token' | 'open'
  /** The hosts whose clients are known by a metadata document. */
  documents: Hosts
  mtls?: Mtls | undefined
  session: { idle: number; max: number }
  /** What every client is held to, whatever its entry says. */
  requests: {
    /** Authorization requests must be pushed (RFC 9126, 5). */
    pushed: boolean
    /** DPoP proofs must show a nonce (RFC 9449, 8). */
    nonces: boolean
    /** The longest that an app may go on refreshing. */
    refreshing: number
  }
  accounts: { get(id: string): Promise<Account | undefined>; byEmail(email: string): Promise<Account | undefined> }
  throttle: Pick<Throttle, 'ration'>
  /** Limits what strangers can have stored. */
  quota: Quota
  /** Resolves to the owner's own restrictions that a device and an address do not meet. */
  bars(
    account: Pick<Account, 'id' | 'restrictions'>,
    source: { device: string; address: string },
  ): Promise<readonly string[]>
  /** Takes the receipt of an approval for the one code that it is good for; undefined if it is not for this. */
  redeem(id: string, of: { account: string; client: string; detail: Detail }): Promise<Pick<Receipt, 'id'> | undefined>
  /** Tells whether an account has to wait with what has to be approved. */
  waits(account: string): Promise<boolean>
  /** Verifies a request that was signed with an API key, and passes each once: whose it is and what the key may do, or why it does not pass. */
  verifySigned(
    token: string,
    client: string,
    origin: Origin,
  ): Promise<
    | { active: true; sub: string; key_id: string; scope: string; expires_at: number | null; hold_until?: number }
    | { active: false; code: number; reason: string }
  >
  /** Keeps a logout notice until the app has taken it. `sid` is the session as the app knows it. */
  postLogout(notice: { client: string; account: string; sid: string | undefined }): Promise<void>
  /** Keeps a ping until the app has taken it, or its request has run out. */
  postPing(ping: { client: string; auth_req_id: string; token: string }): Promise<void>
  sendMail: SendMail
  /** Languages that pages come in (BCP 47). */
  locales: readonly string[]
  renderers: Renderers
  emit: Emit
  /** Hears of unexpected errors. */
  onFault(fault: unknown, request?: string): void
  now(): number
  /** Returns the milliseconds since a moment in which the store could be used. */
  servedSince(at: number): number
}

/** A form that the browser posts. */
interface Form {
  action: string
  fields: readonly (readonly [name: string, value: string])[]
}

/** The pages that protocol endpoints answer with; the web room writes them. `client` is the app that they are about. */
export interface Renderers {
  /** `out` is what a program would be told; `fault` may be a Problem. */
  error(ctx: Context, out: { error: string; error_description?: string }, fault: unknown): void | Promise<void>
  /** Asks whether to sign out: posts `xsrf`, and `logout=yes` to sign out everywhere, to `action`. */
  logout(
    ctx: Context,
    form: { action: string; xsrf: string; client: App | undefined; accountId: string },
  ): void | Promise<void>
  /** Asks before the browser goes to an app that is not in clients.json: by the link `onward`, or by the form. */
  leaving(
    ctx: Context,
    to: { place: string; client: App | undefined; onward: string | undefined; form: Form | undefined },
  ): void | Promise<void>
  loggedOut(ctx: Context, from: { client: App | undefined }): void | Promise<void>
  /** Takes an answer on to an app by a form that the browser posts. */
  formPost(ctx: Context, form: Form & { client: App | undefined }): void | Promise<void>
}
