import { decodeJwt } from 'jose'
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { Restrictions } from '../accounts/account.ts'
import { recent } from '../accounts/clock.ts'
import { originOf } from '../accounts/device.ts'
import { type Acr, acrValues, asAcr, reaches } from '../acr.ts'
import { appearanceOf } from '../clients/appearance.ts'
import { consentsNeeded } from '../clients/attributes.ts'
import { subjectFor } from '../clients/pairwise.ts'
import type { Consents } from '../records/consents.ts'
import { askedBy } from './grants.ts'
import type { Options } from './options.ts'
import { detailsIn } from './rich-authorization.ts'

/** What a request demands of how somebody signed in. */
interface Demand {
  /** The least assurance that will do. */
  least: Acr | undefined
  /** The ID token's acr must be one of these (OpenID Connect Core 1.0, 5.5.1.1). */
  essential: readonly string[] | undefined
}

/**
 * Reads what a request demands by `acr_values` and the claims parameter: any listed value will do, and unknown ones ask for nothing. What is to
 * be approved takes the best there is.
 */
export function demandOf(params: { acr_values?: unknown; claims?: unknown; authorization_details?: unknown }): Demand {
  const { acr_values, claims, authorization_details } = params
  const { essential, listed } = acrClaim(claims)
  const named = authorization_details ? ['phr'] : typeof acr_values === 'string' ? acr_values.split(' ') : []
  const wanted = [named, listed].map(list => acrValues.findIndex(each => list.includes(each)))
  return { least: acrValues[Math.max(...wanted)], essential: essential ? listed : undefined }
}

/** Returns the acr of an ID token: the session's, or the best of the essential ones that it reaches. */
export function toldAcr(held: string | undefined, { essential }: Demand): string | undefined {
  if (!essential) return held
  return acrValues.findLast(each => essential.includes(each) && reaches(asAcr(held), each))
}

/** Reads the acr claim; `claims` is the parameter's text, which the library has parsed before. */
function acrClaim(claims: unknown): { essential: boolean; listed: readonly string[] } {
  const parsed = typeof claims === 'string' ? JSON.parse(claims) : {}
  const { essential, value, values } = (parsed.id_token?.acr ?? {}) as Record<string, unknown>
  const listed = [value ?? [], values ?? []].flat().filter(each => typeof each === 'string')
  return { essential: essential === true && listed.length > 0, listed }
}

const { Check, Prompt, base } = interactionPolicy

/** Returns when a person is asked to come: to sign up, to sign in, to prove more, to consent. */
export function prompts(
  { bars, clients, now, salt, waits }: Pick<Options, 'bars' | 'clients' | 'now' | 'salt' | 'waits'>,
  consents: Pick<Consents, 'of'>,
): interactionPolicy.DefaultPolicy {
  const policy = base()
  // OpenID Connect Initiating User Registration 1.0, 4.
  policy.add(new Prompt({ name: 'create', requestable: true }), 0)
  const login = policy.get('login')
  // The library's checks know no order of assurance; `unmet` does.
  for (const reason of ['essential_acrs', 'essential_acr']) login?.checks.remove(reason)
  login?.checks.remove('id_token_hint')
  const other = 'id_token_hint and authenticated subject do not match'
  login?.checks.add(new Check('id_token_hint', other, 'login_required', wrongPerson(salt)))
  for (const reason of ['id_token_hint', 'claims_id_token_sub_value']) onceOnly(login?.checks.get(reason))
  const ahead = 'the session was signed in to at a time that has not come yet'
  login?.checks.add(new Check('max_age_ahead', ahead, 'login_required', signedInAhead(now)))
  login?.checks.add(new Check('no_account', 'the account is not there any more', 'login_required', gone))
  login?.checks.add(new Check('restricted', 'a rule of the owner’s own is not met', 'login_required', restricted(bars)))
  login?.checks.add(new Check('acr_values', 'the requested assurance was not reached', 'login_required', unmet))
  const consent = policy.get('consent')
  // As it was before the page was shown: what changes meanwhile was not agreed to, and is asked again.
  if (consent)
    consent.details = ({ oidc: { client, session } }) => ({
      shown: client && appearanceOf(client),
      former: client && session?.grantIdFor(client.clientId),
    })
  // Claims are asked for as the scopes that open them.
  for (const reason of ['op_scopes_missing', 'op_claims_missing', 'rar_prompt']) consent?.checks.remove(reason)
  consent?.checks.add(
    new Check('op_scopes_missing', 'requested scopes not granted', 'consent_required', lacking, ctx => ({
      missingOIDCScope: missing(ctx),
    })),
  )
  const untold = unsaid(clients, consents)
  consent?.checks.add(
    new Check(
      'attributes_missing',
      'attributes that the app is to be told of are not granted',
      'consent_required',
      async ctx => (await untold(ctx)).length > 0,
      async ctx => ({ missingAttributes: await untold(ctx) }),
    ),
  )
  consent?.checks.add(
    new Check('unapproved', 'this has to be approved', 'interaction_required', unapproved(waits), ({ oidc }) => ({
      detail: detailsIn(oidc.params)[0],
    })),
  )
  return policy
}

/** The library takes a sign-in of the future for a fresh one: a clock that was set back must not satisfy max_age (OpenID Connect Core 1.0, 3.1.2.1). */
function signedInAhead(now: Options['now']) {
  return ({ oidc: { params, session, result } }: KoaContextWithOIDC): boolean => {
    if (params?.max_age === undefined || session?.loginTs === undefined || result?.login) return false
    return !recent(session.loginTs * 1000, Number.POSITIVE_INFINITY, now())
  }
}

/** The library assumes that the account of a session exists. */
function gone({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.session?.accountId === undefined || oidc.account) return false
  if (oidc.result?.login) throw new errors.AccessDenied('the account is not there any more')
  return true
}

/** A session is of no use where its owner's restrictions allow no sign-in. */
function restricted(bars: Options['bars']) {
  return async (ctx: KoaContextWithOIDC): Promise<boolean> => {
    const { account, result } = ctx.oidc
    const restrictions = account?.restrictions as Restrictions | undefined
    if (!account || !restrictions || result?.login) return false
    const { device = '', address = '' } = originOf(ctx)
    return (await bars({ id: account.accountId, restrictions }, { device, address })).length > 0
  }
}

/** An approval is asked for each time, and not while the account is on hold. */
function unapproved(waits: Options['waits']) {
  return async ({ oidc }: KoaContextWithOIDC): Promise<boolean> => {
    if (oidc.params?.authorization_details === undefined) return false
    if (await waits(oidc.account?.accountId ?? ''))
      throw new errors.CustomOIDCProviderError('account_held', 'the account has to wait with this')
    return oidc.result?.approval === undefined
  }
}

/** The library has verified a hint, and forgets whom it names while somebody signs in. */
function wrongPerson(salt: string) {
  return ({ oidc: { params, session, client } }: KoaContextWithOIDC): boolean => {
    const hint = params?.id_token_hint
    if (typeof hint !== 'string' || !client) return false
    return session?.accountId === undefined || decodeJwt(hint).sub !== subjectFor(salt, session.accountId, client)
  }
}

/** The library asks for another person for ever; a person who came and is not the right one is refused. */
function onceOnly(check: interactionPolicy.Check | undefined): void {
  if (!check) return
  const isOther = check.check
  check.check = async ctx => {
    const other = await isOther(ctx)
    if (other && ctx.oidc.result?.login) throw new errors.LoginRequired(check.description)
    return other
  }
}

function missing(ctx: KoaContextWithOIDC): string[] {
  const encountered = new Set(ctx.oidc.grant?.getOIDCScopeEncountered().split(' '))
  return askedBy(ctx).oidc.filter(each => !encountered.has(each))
}

function lacking(ctx: KoaContextWithOIDC): boolean {
  return missing(ctx).length > 0
}

/**
 * Resolves to the attributes that an app is to be told of and its person was not asked about yet: those that they have withheld since are
 * asked for again only where the app asks for consent (OpenID Connect Core 1.0, 3.1.2.1: prompt).
 */
function unsaid(clients: Options['clients'], consents: Pick<Consents, 'of'>) {
  return async ({ oidc }: KoaContextWithOIDC): Promise<string[]> => {
    const { account, client } = oidc
    const app = account && client && (await clients.ours(client.clientId))
    const needed = app ? consentsNeeded(app) : []
    if (!account || !client || needed.length === 0) return []
    const known = await consents.of(account.accountId, client.clientId, appearanceOf(client))
    const { attributes = [], withheld = [] } = known ?? {}
    const said = oidc.promptPending('consent') ? attributes : [...attributes, ...withheld]
    return needed.filter(each => !said.includes(each))
  }
}

function unmet({ oidc }: KoaContextWithOIDC): boolean {
  const { least, essential } = demandOf(oidc.params ?? {})
  if (essential && !acrValues.some(each => essential.includes(each)))
    throw new errors.UnmetAuthenticationRequirements('the essential assurance is not known')
  if (!least || reaches(asAcr(oidc.session?.acr), least)) return false
  // Somebody came, and could not: asking again would go in circles (RFC 9470, 5; OpenID Connect UAR 1.0).
  if (oidc.result?.login) throw new errors.UnmetAuthenticationRequirements('the requested assurance was not reached')
  return true
}
