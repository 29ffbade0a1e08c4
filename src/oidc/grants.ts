import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import { appearanceOf } from '../clients/appearance.ts'
import { token } from '../crypto/random.ts'
import type { Records } from '../records/adapter.ts'
import type { Consents, Scopes } from '../records/consents.ts'
import { retry } from '../store/collection.ts'
import { scopeOf } from './account-claims.ts'
import type { Options } from './options.ts'

/**
 * Finds or makes the grant that a request asks for: all that an app of the suite may have, and what people allowed the others. Of several
 * tabs that ask for one app at once, all get the same grant: codes of any other would be void once the session names this one.
 */
export function grantFor(
  { clients, session: { max } }: Pick<Options, 'clients' | 'session'>,
  { consents, records: { sessions } }: { consents: Consents; records: Records },
) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { account, client, provider, result, session } = ctx.oidc
    if (!account || !client) return undefined
    const { accountId } = account
    const { clientId } = client
    const held = session?.grantIdFor(clientId)
    const id = result?.consent?.grantId ?? held
    const asked = askedBy(ctx)
    const { firstParty } = (await clients.app(clientId)) ?? {}
    const consented = firstParty ? asked : await consents.of(accountId, clientId, appearanceOf(client))
    // Consent to an app with another name or other redirect hosts is not consent to this one.
    const found = id === undefined || !consented ? undefined : await provider.Grant.find(id)
    const grant = found?.accountId === accountId ? found : new provider.Grant({ accountId, clientId })
    const allowed = both(asked, consented ?? { oidc: [], apis: {} })
    const kept = async (grant: Grant): Promise<boolean> => {
      const added = [add(grant, allowed), addClaims(grant, claimsAsked(ctx, allowed.oidc))].includes(true)
      // What is approved needs no scope, and a grant all the same.
      const bare = grant.jti === undefined && ctx.oidc.params?.authorization_details !== undefined
      if (added || bare || (grant.jti !== undefined && short(grant, max))) await renew(grant)
      return grant.jti !== undefined
    }
    if (!(await kept(grant))) return undefined
    // A session that begins with this request is known to no other request yet.
    if (!session?.exp || grant.jti === held) return grant

    // What the session is known to have had before is replaced, and what another tab put there meanwhile is taken.
    let former = formerly(ctx, held)
    return retry(async () => {
      const own = { grantId: grant.jti, sid: session.sidFor(clientId) ?? token() }
      const joined = await sessions.join(session.uid, clientId, own, former)
      if (!joined) return grant
      session.sidFor(clientId, joined.sid)
      if (joined.grantId === grant.jti) return grant
      const first = await provider.Grant.find(joined.grantId)
      if (first?.accountId === accountId && (await kept(first))) {
        if (grant !== found) await grant.destroy()
        return first
      }
      // It has ended since.
      former = joined.grantId
      return undefined
    })
  }
}

/** Returns the grant that the session had when the request was checked; for one that was consented to, when the page was shown. */
function formerly({ oidc }: KoaContextWithOIDC, held: string | undefined): string | undefined {
  if (!oidc.result?.consent?.grantId) return held
  return oidc.entities.Interaction?.prompt.details.former as string | undefined
}

/** Tells whether a grant would end before a session that begins now. */
export function short(grant: Grant, longest: number): boolean {
  return grant.remainingTTL * 1000 < longest
}

/** Keeps a grant for its full time from now. */
export async function renew(grant: Grant): Promise<void> {
  grant.exp = undefined
  await grant.save()
}

/** Returns what a request asks for, of what its client may ask for. */
export function askedBy({ oidc }: KoaContextWithOIDC): Scopes {
  const apis = Object.entries(oidc.resourceServers ?? {}).map(([resource, { scopes }]) => [
    resource,
    [...scopes].filter(each => oidc.requestParamScopes.has(each)),
  ])
  const may = oidc.client?.scope?.split(' ')
  const opened = [...oidc.requestParamClaims].map(scopeOf).filter(each => each !== undefined)
  const scopes = new Set([...oidc.requestParamOIDCScopes, ...opened.filter(each => may?.includes(each) ?? true)])
  return { oidc: [...scopes], apis: Object.fromEntries(apis) }
}

/** Returns the claims that a request names (OpenID Connect Core 1.0, 5.5), of those that these scopes open. */
function claimsAsked({ oidc }: KoaContextWithOIDC, scopes: readonly string[]): string[] {
  return [...oidc.requestParamClaims].filter(each => scopes.includes(scopeOf(each) ?? ''))
}

function addClaims(grant: Grant, claims: readonly string[]): boolean {
  const held = grant.getOIDCClaims()
  const more = claims.filter(each => !held.includes(each))
  if (more.length > 0) grant.addOIDCClaims(more)
  return more.length > 0
}

/** Adds scopes to a grant; true when one of them was new to it. */
export function add(grant: Grant, { oidc, apis }: Scopes): boolean {
  const lacking = (held: string, wanted: readonly string[]): string[] => {
    const has = new Set(held.split(' '))
    return wanted.filter(each => !has.has(each))
  }
  const scopes = lacking(grant.getOIDCScope(), oidc)
  if (scopes.length > 0) grant.addOIDCScope(scopes)
  let added = scopes.length > 0
  for (const [resource, wanted] of Object.entries(apis)) {
    const more = lacking(grant.getResourceScope(resource), wanted)
    if (more.length === 0) continue
    grant.addResourceScope(resource, more)
    added = true
  }
  return added
}

function both(asked: Scopes, allowed: Scopes): Scopes {
  const apis = Object.entries(asked.apis).map(([resource, scopes]) => [
    resource,
    scopes.filter(each => allowed.apis[resource]?.includes(each)),
  ])
  return { oidc: asked.oidc.filter(each => allowed.oidc.includes(each)), apis: Object.fromEntries(apis) }
}
