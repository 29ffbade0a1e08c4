import type { Context } from 'koa'
import { type Client, errors, type Interaction, type InteractionResults, type Provider } from 'oidc-provider'
import { originOf } from '../accounts/device.ts'
import { placeOf } from '../clients/appearance.ts'
import type { App } from '../clients/declared.ts'
import { Problem } from '../errors.ts'
import type { Request } from '../flows/approval.ts'
import type { Detail } from '../flows/approval-details.ts'
import { loopback } from '../network.ts'
import type { Consents, Scopes } from '../records/consents.ts'
import type { Sessions } from './browser-sessions.ts'
import { add } from './grants.ts'
import type { Options } from './options.ts'
import { demandOf } from './prompts.ts'
import type { Login } from './security-stamps.ts'

/** What an authorization request waits for. */
export type InteractionDetails = Awaited<ReturnType<Interactions['details']>>
/** An app that is not of the suite. */
export type Stranger = ReturnType<typeof strangerOf>
type Interactions = ReturnType<typeof interactions>

type Services = Pick<Options, 'clients' | 'emit' | 'now'> & {
  provider: Provider
  consents: Consents
  sessions: Sessions
}

/** Authorization requests that wait for a person, on pages under `/interaction/<uid>`. All throw Problem `attempt_expired` for one that is over, or another browser's. */
export function interactions({ provider, clients, consents, sessions, emit, now }: Services) {
  const waiting = async (ctx: Context): Promise<Interaction> => {
    try {
      const interaction = await provider.interactionDetails(ctx.req, ctx.res)
      // The library looks whether the session is there, and not whether it is void.
      if (interaction.session && (await provider.Session.get(ctx)).uid !== interaction.session.uid)
        throw new errors.SessionNotFound('the session has ended')
      return interaction
    } catch (fault) {
      throw fault instanceof errors.SessionNotFound ? new Problem('attempt_expired', { cause: fault }) : fault
    }
  }
  const goOn = async (ctx: Context, interaction: Interaction, result: InteractionResults): Promise<void> => {
    interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result }
    await interaction.persist()
    ctx.status = 303
    ctx.redirect(interaction.returnTo)
  }

  return {
    details: async (ctx: Context) => {
      const { uid, prompt, params, session, iat } = await waiting(ctx)
      const text = (name: string): string | undefined => (typeof params[name] === 'string' ? params[name] : undefined)
      const app = await clients.app(text('client_id') ?? '')
      if (!app) throw new Problem('attempt_expired')
      const strange = prompt.name === 'consent' && !app.firstParty
      const about = strange ? await provider.Client.find(app.id) : undefined
      const { oidc, apis, attributes } = missing(prompt.details)
      const resources = Object.entries(apis).map(([resource, scopes]) => ({
        name: app.apis.get(resource)?.name ?? resource,
        scopes,
      }))
      // What is left to approve, once nothing is left to consent to.
      const detail =
        oidc.length + resources.length + attributes.length > 0
          ? undefined
          : (prompt.details.detail as Detail | undefined)
      const approval: Request | undefined = detail &&
        session && { id: uid, client: app.id, account: session.accountId, at: iat, detail }
      return {
        uid,
        /** What somebody has to come for: `login`, `create` (sign up) or `consent`. */
        prompt: prompt.name,
        client: {
          ...{ id: app.id, name: about?.clientName ?? app.name, tile: app.tile },
          ...{ logo: app.logo, firstParty: app.firstParty },
        },
        /** The app with the site that it answers at; undefined for one on a device. */
        app: siteOf(app, text('redirect_uri')),
        /** What is known of an app that is not of the suite, where it asks for consent. */
        stranger: about && strangerOf(app, about, text('redirect_uri') ?? provider.issuer),
        params: {
          /** The least assurance that will do. */
          acr: demandOf(params).least,
          /** The app wants a sign-in although somebody is signed in. */
          anew: (text('prompt') ?? '').split(' ').includes('login'),
          /** How old a sign-in may be, in seconds. */
          maxAge: params.max_age === undefined ? undefined : Number(params.max_age),
          // No address is longer.
          login_hint: text('login_hint')?.slice(0, 320),
          /** BCP 47, parted by spaces, most wanted first. */
          ui_locales: text('ui_locales'),
        },
        /** Who is signed in. */
        session: session && { uid: session.uid, accountId: session.accountId, acr: session.acr },
        /** What is left to consent to. */
        asked: { scopes: oidc, resources, attributes },
        approval,
      }
    },
    /** Goes on with who was proved, while the account's security stamp is as it was; somebody else who was signed in is signed out. */
    finish: async (ctx: Context, { accountId, acr, amr, securityStamp }: Login): Promise<void> => {
      const interaction = await waiting(ctx)
      // Also where its owner may not use it any more.
      const { accountId: before } = await provider.Session.get(ctx)
      if (before !== undefined && before !== accountId) {
        await sessions.end(ctx, 'signed-out')
        interaction.session = undefined
        // What was allowed is theirs, and not this one's.
        interaction.lastSubmission = undefined
      }
      const login = { accountId, acr, amr: [...amr], securityStamp, ts: Math.floor(now() / 1000) }
      // Somebody who takes another account's place is asked for their own consent.
      const { name } = interaction.prompt
      await goOn(ctx, interaction, { ...(name !== 'consent' && { [name]: {} }), login })
    },
    /** Goes on with the session that somebody signed in to meanwhile, in another tab: the request is checked again, by the same checks. */
    proceed: async (ctx: Context): Promise<void> => goOn(ctx, await waiting(ctx), {}),
    /** Remembers that everything that was asked is allowed, and goes on. */
    consent: async (ctx: Context): Promise<void> => {
      const interaction = await waiting(ctx)
      const { params, prompt, session, grantId } = interaction
      if (prompt.name !== 'consent' || !session) throw new Problem('attempt_expired')
      const { accountId } = session
      const clientId = String(params.client_id)
      // Of an app that was disabled or removed meanwhile, nothing is remembered for whoever has its id later.
      if (!(await clients.app(clientId))) throw new Problem('attempt_expired')
      const found = grantId === undefined ? undefined : await provider.Grant.find(grantId)
      const grant = found ?? new provider.Grant({ accountId, clientId })
      const allowed = missing(prompt.details)
      add(grant, allowed)
      await grant.save()
      await consents.add(accountId, clientId, allowed, prompt.details.shown as string | undefined)
      const scope = [...allowed.oidc, ...Object.values(allowed.apis).flat()].join(' ')
      const attributes = allowed.attributes.length > 0 ? { attributes: allowed.attributes.join(' ') } : {}
      await emit('consent.granted', { account: accountId, client: clientId, scope, ...attributes }, originOf(ctx))
      await goOn(ctx, interaction, { consent: { grantId: grant.jti } })
    },
    /** Goes on with the receipt of what was approved. */
    approve: async (ctx: Context, receipt: string): Promise<void> => {
      const interaction = await waiting(ctx)
      // Nobody is asked twice, whatever else would have them asked (OpenID Connect Core 1.0, 3.1.2.1: prompt).
      await goOn(ctx, interaction, { consent: interaction.lastSubmission?.consent ?? {}, approval: { receipt } })
    },
    /** Sends the browser back with `access_denied` (RFC 6749, 4.1.2.1). */
    abort: async (ctx: Context): Promise<void> => {
      const interaction = await waiting(ctx)
      const { params, prompt, session } = interaction
      if (prompt.name === 'consent' && session) {
        const refused = { account: session.accountId, client: String(params.client_id) }
        const what = prompt.details.detail === undefined ? 'consent.refused' : 'approval.refused'
        await emit(what, refused, originOf(ctx))
      }
      await goOn(ctx, interaction, { error: 'access_denied', error_description: 'the request was called off' })
    },
    /** Sends the browser back with `unmet_authentication_requirements` (OpenID Connect Unmet Authentication Requirements 1.0). */
    unmet: async (ctx: Context): Promise<void> => {
      const error_description = 'what the account holds does not reach the requested assurance yet'
      await goOn(ctx, await waiting(ctx), { error: 'unmet_authentication_requirements', error_description })
    },
  }
}

/** Returns an app with the site of a redirect URI. The name of an app that is not in clients.json is not verified, so its host is shown with it. */
function siteOf({ name, host }: App, redirectUri = ''): { name: string; home: string } | undefined {
  const url = URL.parse(redirectUri)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  return { name: host === undefined ? name : `${name} (${url.host})`, home: `${url.origin}/` }
}

function strangerOf({ id, host }: App, about: Client, redirectUri: string) {
  const { protocol, hostname } = new URL(redirectUri)
  return {
    /** The place that it sends the browser to: a host, or on a device a scheme and what is behind it. */
    leads: placeOf(redirectUri),
    /** It is an app on a device. */
    device: protocol !== 'https:' && (protocol !== 'http:' || loopback(hostname)),
    /** The host of the document that it is known by. */
    document: id.startsWith('https:') ? host : undefined,
    /** Whether the app is in clients.json; of any other app we know only what it says itself. */
    operatorDeclared: host === undefined,
    /** What it wants read, as it says itself. */
    links: { terms: about.tosUri, privacy: about.policyUri, site: about.clientUri },
  }
}

/** Returns what a person was asked for, and nothing that has been added since. */
function missing(details: Interaction['prompt']['details']): Scopes & { attributes: string[] } {
  const { missingOIDCScope = [], missingResourceScopes = {}, missingAttributes = [] } = details
  return {
    oidc: missingOIDCScope as string[],
    apis: missingResourceScopes as { [resource: string]: string[] },
    attributes: missingAttributes as string[],
  }
}
