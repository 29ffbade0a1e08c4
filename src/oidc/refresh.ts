import { setImmediate as turn } from 'node:timers/promises'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { type Client, errors, type RefreshToken, type TokenEndpointGrantContext } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Key, Keyring } from '../crypto/keyring.ts'
import { openUnder, SealError, sealUnder } from '../crypto/seal.ts'
import { network } from '../network.ts'
import type { Records } from '../records/adapter.ts'
import { type Answered, type Family, lives, successor } from '../records/refresh-tokens.ts'
import { SpentToken } from './account-claims.ts'
import { renew, short } from './grants.ts'
import type { Grant } from './internals.ts'
import type { EndSession } from './logout.ts'
import { certificateOf } from './mtls.ts'
import type { Options } from './options.ts'
import { written } from './writing.ts'

/** How long a client that lost the answer may repeat its request, in milliseconds. */
const forgiving = 30_000
/** How long at the most, whatever time of it the store was away: a process may learn late that it is back. */
const forgivingAtMost = 60 * 60_000
/** How soon after each answer a client must do so that can prove nothing of itself. */
const forgivingPublic = 10_000
const purpose = 'refresh-answer'
/** The holder of a token that is shown without key and certificate. */
const nobody = ' '

/** Returns the seconds that a client's refresh token lives, when people signed in `ago` seconds ago; `longest` in milliseconds. */
export function refreshLife(client: Client, ago: number, longest: number): number {
  const { refresh_token_ttl, refresh_token_max = Number.POSITIVE_INFINITY } = extensionsOf(client)
  return Math.max(1, Math.min(refresh_token_ttl, Math.min(refresh_token_max, longest / 1000) - ago))
}

type Services = Pick<Options, 'keyring' | 'session' | 'requests' | 'mtls' | 'emit' | 'now' | 'servedSince'> & {
  records: Records
  endSession: EndSession
}

/**
 * Rotates refresh tokens, and forgives the network, not the thief. The library checks a request and issues tokens; one
 * guarded write then makes the new refresh token the family's live one and keeps the answer, sealed under the old one.
 * A client that repeats its request within 30 seconds in which the store could be used, and within an hour, by the same key or certificate and
 * before the new token is used, is answered alike; one that can prove nothing of itself (a public client without DPoP) only within 10 seconds
 * of the answer before, and at the same network and user agent. Each time it is the same answer: were there a limit, a thief who came first
 * would leave the owner without one, and unnoticed.
 * A client that hung up learns nothing: it spends no token, and what comes through of it later proves no theft.
 * Any other use of a spent token ends its family, which is the app's sign-in; and the whole session when the token was bound to a key or
 * certificate or came back from somewhere else, because then somebody else has it (RFC 9700, 4.14.2).
 */
export function refreshTokenRotation(grant: Grant, services: Services): Grant {
  const { records, keyring, session, requests, mtls, emit, endSession, now, servedSince } = services
  return async ctx => {
    const value = String(ctx.oidc.params.refresh_token)
    const asked = sha256(JSON.stringify([ctx.oidc.params.scope, ctx.oidc.params.resource]))
    await withoutOffline(ctx, value)
    try {
      await grant(ctx)
    } catch (fault) {
      if (fault instanceof SpentToken) return repeat(ctx, value, asked)
      if (fault instanceof errors.InvalidGrant) await watch(ctx, value)
      throw fault
    }
    if (gaveUp(ctx)) {
      await discard(ctx)
      throw unheard()
    }
    const spent = ctx.oidc.entities.RefreshToken as RefreshToken
    const { client } = ctx.oidc
    const life = refreshLife(client, Math.floor(now() / 1000) - Number(spent.iiat), requests.refreshing)
    // What is issued is on disk before the token that it was issued for is spent.
    const [sessionLives] = await Promise.all([prolong(ctx, spent), written(ctx)])
    // FAPI 2.0 Security Profile, 5.3.2.1: its tokens are of no use without the client's key, so they stay as they are.
    if (extensionsOf(client).profile === 'fapi2') {
      if (!(await records.refreshTokens.rotate(value, value, { life, sessionLives }))) throw gone()
      return
    }
    const body = { ...(ctx.body as object), refresh_token: successor(value) }
    const sealed = sealUnder(bearer(value, keyring.newest(purpose)), JSON.stringify(body), purpose)
    const last = { at: now(), asked, holder: await holder(ctx), ...whereOf(ctx), sealed }
    const rotation = { last, life, sessionLives }
    if (!(await records.refreshTokens.rotate(value, body.refresh_token, rotation))) return repeat(ctx, value, asked)
    ctx.body = body
  }

  /**
   * Overlooks an offline_access that was asked for and not granted (OpenID Connect Core 1.0, 11): apps of the suite refresh without it,
   * and some libraries name all their scopes again (Authlib).
   */
  async function withoutOffline({ oidc: { params } }: TokenEndpointGrantContext, value: string): Promise<void> {
    const scopes = String(params.scope ?? '').split(' ')
    if (!scopes.includes('offline_access')) return
    const { payload } = (await records.refreshTokens.family(value)) ?? {}
    if (String(payload?.scope).split(' ').includes('offline_access')) return
    params.scope = scopes.filter(each => each !== 'offline_access').join(' ') || undefined
  }

  /**
   * An app that refreshes is somebody at work: the session lives on, and the grant with it. Once in a tenth of the idle time is enough;
   * until then the session lives, or has ended and taken this token along, and is not read. Resolves to when it must be read again, in
   * milliseconds; undefined where it did not have to be now.
   */
  async function prolong(ctx: TokenEndpointGrantContext, spent: RefreshToken): Promise<number | undefined> {
    const { accountId, expiresWithSession, sessionUid } = spent
    if (!expiresWithSession || sessionUid === undefined) return undefined
    const { Grant: granted } = ctx.oidc.entities
    const [ends] = await Promise.all([
      records.sessions.prolong(sessionUid, loginTs => Math.min(now() + session.idle, loginTs * 1000 + session.max)),
      granted && short(granted, session.max) && renew(granted),
    ])
    if (ends === undefined) return undefined
    await emit('session.seen', { account: accountId, session: sessionUid }, originOf(ctx))
    return Math.min(now() + session.idle / 10, ends)
  }

  /** Gives the answer to a spent token once more where that is forgiven; treats it as stolen anywhere else. */
  async function repeat(ctx: TokenEndpointGrantContext, value: string, asked: string): Promise<void> {
    await discard(ctx)
    const family = await records.refreshTokens.family(value)
    // It was revoked while we looked.
    if (!family) throw gone()
    const { last, payload } = family
    const elsewhere = !last || last.holder !== (await holder(ctx)) || !samePlace(last, whereOf(ctx))
    // Nobody could repeat anything while the store was away. A process whose clock is behind may see the answer as of the future.
    const since = (at: number) => (at > now() ? at - now() : servedSince(at))
    const ago = (at: number) => (last?.digest === sha256(value) ? since(at) : Number.POSITIVE_INFINITY)
    const inTime = last !== undefined && ago(last.at) < forgiving && now() - last.at < forgivingAtMost
    const provable = ctx.oidc.client.clientAuthMethod !== 'none' || bound(family) || last?.holder !== nobody
    const forgiven = provable
      ? last?.holder === (await holder(ctx))
      : !elsewhere && ago(family.repeatedAt ?? last.at) < forgivingPublic
    if (!inTime || !forgiven) {
      // What it sent before it hung up may be read before that is noticed.
      await turn()
      await turn()
      if (gaveUp(ctx)) throw unheard()
      return reused(ctx, family, elsewhere || bound(family))
    }
    if (last.asked !== asked) throw used()
    if (!provable && !(await records.refreshTokens.repeat(value, family))) throw used()
    ctx.body = JSON.parse(opened(keyring, value, last.sealed))
    await emit('token.replayed', { client: ctx.oidc.client.clientId, account: payload.accountId }, originOf(ctx))
  }

  /** Ends a family whose spent token another client shows, or one without its key: it was stolen, however early it comes. */
  async function watch(ctx: TokenEndpointGrantContext, value: string): Promise<void> {
    const family = await records.refreshTokens.family(value)
    if (!family || lives(family, value)) return
    const { clientId, jkt, 'x5t#S256': x5t } = family.payload
    const held = {
      jkt: jkt === undefined || jkt === (await keyOf(ctx)),
      x5t: x5t === undefined || x5t === thumbprint(ctx),
    }
    if (clientId !== ctx.oidc.client.clientId || !held.jkt || !held.x5t) await reused(ctx, family, true)
  }

  function thumbprint(ctx: TokenEndpointGrantContext): string {
    const shown = certificateOf(ctx, mtls)
    return shown ? sha256(shown.raw) : ''
  }

  /** Names the holder of the token: by the key and the certificate that the library has validated (RFC 9449, 6.1; RFC 8705, 3.1). */
  async function holder(ctx: TokenEndpointGrantContext): Promise<string> {
    return `${await keyOf(ctx)} ${thumbprint(ctx)}`
  }

  /** Ends the family; with `stolen` the session, too. */
  async function reused(ctx: TokenEndpointGrantContext, family: Family, stolen: boolean): Promise<never> {
    const { payload, grantId: grant = '', sessionUid = '' } = family
    const { accountId: account, clientId: client = '' } = payload
    await records.revokeGrant(grant)
    if (stolen) await endSession(sessionUid, 'token-reused', originOf(ctx))
    await emit('token.reused', { client, account, grant, ended: stolen ? 'session' : 'app' }, originOf(ctx))
    throw used()
  }
}

const gone = () => new errors.InvalidGrant('refresh token not found')
const used = () => new errors.InvalidGrant('refresh token already used')
const unheard = () => new errors.InvalidGrant('the client hung up before it was answered')

/**
 * Tells whether the client has closed its connection: nobody receives the answer. An answer that waits behind another one has no socket yet,
 * so the request's is asked.
 */
function gaveUp({ req }: TokenEndpointGrantContext): boolean {
  return !req.socket.writable
}

type Where = Pick<Answered, 'network' | 'agent'>

function whereOf(ctx: TokenEndpointGrantContext): Where {
  const { address = '', agent } = originOf(ctx)
  return { network: network(address), agent }
}

function samePlace(one: Where, other: Where): boolean {
  return one.network === other.network && one.agent === other.agent
}

/** Tells whether a token of this family is of use only with its key or certificate. */
function bound({ payload: { jkt, 'x5t#S256': x5t } }: Family): boolean {
  return jkt !== undefined || x5t !== undefined
}

/** Returns what an answer is sealed under. The operator's secrets are part of it: the store and the spent token alone open none. */
function bearer(value: string, { bytes }: Key): string {
  return `${value}.${Buffer.from(bytes).toString('base64url')}`
}

function opened(keyring: Keyring, value: string, sealed: string): string {
  for (const key of keyring.all(purpose)) {
    try {
      return openUnder(bearer(value, key), sealed, purpose)
    } catch (fault) {
      if (!(fault instanceof SealError)) throw fault
    }
  }
  throw used()
}

/** Returns the thumbprint of the key that a proof was made with; empty without one. */
async function keyOf(ctx: TokenEndpointGrantContext): Promise<string> {
  const proof = ctx.get('DPoP')
  const { jwk } = proof === '' ? {} : decodeProtectedHeader(proof)
  return jwk ? calculateJwkThumbprint(jwk) : ''
}

/** Discards the access token that was issued and is given to nobody. */
async function discard(ctx: TokenEndpointGrantContext): Promise<void> {
  await written(ctx)
  const issued = ctx.oidc.entities.AccessToken
  if (issued?.format === 'opaque') await issued.adapter.destroy(issued.jti)
  ctx.oidc.entity('AccessToken', undefined)
}
