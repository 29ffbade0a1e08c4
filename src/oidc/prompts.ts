import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { Restrictions } from '../accounts/account.ts'
import { reaches } from '../flows/policy.ts'
import type { Options } from './configuration.ts'
import { originOf } from './heard.ts'
import { detailsIn } from './rich.ts'

const { Check, Prompt, base } = interactionPolicy

/** Assurance, rising (OpenID Connect Core 1.0, 2: acr). */
export const acrValues = ['mfa', 'aal2', 'phr'] as const
export type Acr = (typeof acrValues)[number]

/** The least assurance that meets `acr_values`: any of those listed will do, and those we do not know ask for nothing. */
export function demanded(acr: unknown): Acr | undefined {
  const listed = typeof acr === 'string' ? acr.split(' ') : []
  return acrValues.find(each => listed.includes(each))
}

/** The same of a whole request: what is to be approved takes the best there is. */
export function demandedBy(params: { acr_values?: unknown; authorization_details?: unknown } | undefined) {
  return params?.authorization_details === undefined ? demanded(params?.acr_values) : 'phr'
}

/** Is this one of ours? */
export function asAcr(acr: unknown): Acr | undefined {
  return acrValues.find(each => each === acr)
}

/** When somebody has to come in person: to sign up, to sign in, to prove more, to consent. */
export function prompts(options: Pick<Options, 'bars' | 'now'>): interactionPolicy.DefaultPolicy {
  const policy = base()
  // OpenID Connect Initiating User Registration 1.0, 4.
  policy.add(new Prompt({ name: 'create', requestable: true }), 0)
  const login = policy.get('login')
  // They are about the claims parameter, which is not taken.
  for (const reason of ['claims_id_token_sub_value', 'essential_acrs', 'essential_acr']) login?.checks.remove(reason)
  login?.checks.add(new Check('no_account', 'the account is not there any more', 'login_required', gone))
  login?.checks.add(new Check('restricted', 'a rule of the owner’s own is not met', 'login_required', barring(options)))
  login?.checks.add(new Check('acr_values', 'the requested assurance was not reached', 'login_required', unmet))
  const consent = policy.get('consent')
  for (const reason of ['op_claims_missing', 'rar_prompt']) consent?.checks.remove(reason)
  consent?.checks.add(
    new Check('unapproved', 'this has to be approved', 'interaction_required', unapproved(options), ({ oidc }) => ({
      detail: detailsIn(oidc.params)[0],
    })),
  )
  return policy
}

/** The library takes it that whoever is in a session has an account. */
function gone({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.session?.accountId === undefined || oidc.account) return false
  if (oidc.result?.login) throw new errors.AccessDenied('the account is not there any more')
  return true
}

/** A session that somebody takes along to where its owner lets nobody sign in opens nothing there. */
function barring({ bars }: Pick<Options, 'bars'>) {
  return async (ctx: KoaContextWithOIDC): Promise<boolean> => {
    const { account, result } = ctx.oidc
    const restrictions = account?.restrictions as Restrictions | undefined
    if (!account || !restrictions || result?.login) return false
    const { device = '', address = '' } = originOf(ctx)
    return (await bars({ id: account.accountId, restrictions }, { device, address })).length > 0
  }
}

/** Whoever is asked to approve something is asked each time, and not while their account is held. */
function unapproved({ now }: Pick<Options, 'now'>) {
  return ({ oidc }: KoaContextWithOIDC): boolean => {
    if (oidc.params?.authorization_details === undefined) return false
    const { holdUntil = 0 } = (oidc.account ?? {}) as { holdUntil?: number }
    if (holdUntil > now()) throw new errors.CustomOIDCProviderError('account_held', 'the account has to wait with this')
    return oidc.result?.approval === undefined
  }
}

function unmet({ oidc }: KoaContextWithOIDC): boolean {
  const wanted = demandedBy(oidc.params)
  if (!wanted || reaches(asAcr(oidc.session?.acr), wanted)) return false
  // They came, and could not: asking again would go in circles (RFC 9470, 5; OpenID Connect UAR 1.0).
  if (oidc.result?.login) throw new errors.UnmetAuthenticationRequirements('the requested assurance was not reached')
  return true
}
