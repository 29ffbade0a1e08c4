import Router from '@koa/router'
import type { Context } from 'koa'
import type { Accounts } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Approving } from '../flows/approving.ts'
import type { Resume } from '../flows/flow.ts'
import type { Flows } from '../flows/flow-store.ts'
import type { Sessions } from '../oidc/browser-sessions.ts'
import { routes } from '../oidc/configuration.ts'
import type { InteractionDetails, Interactions } from '../oidc/interactions.ts'
import { beginFlow } from './beginning.ts'
import { queryField } from './forms.ts'
import { requestedLocale } from './phrases.ts'
import type { Show } from './show.ts'
import { concluded } from './sign-in.ts'
import { approval } from './transaction.ts'
import type { Visit } from './visiting.ts'
import { rememberApp } from './way-back.ts'

interface Services {
  approving: Approving
  accounts: Accounts
  flows: Flows
  devices: Devices
  sessions: Sessions
  resume: Resume
  interactions: Interactions
  emit: Emit
  show: Show
}

/** Where an app's authorization request waits for a person: it leaves to sign in, comes back with the proof, and asks for consent and approval. */
export function interaction(services: Services): Router<Visit> {
  const { accounts, flows, interactions, sessions, show } = services
  const router = new Router<Visit>()
  const approve = approval(services, router)

  router.get('/interaction/:uid', async ctx => {
    const details = await interactions.details(ctx)
    rememberApp(ctx, details.app, [`/interaction/${details.uid}`, `${routes.authorization}/${details.uid}`])
    if (details.approval) return approve(ctx, details, details.approval)
    if (details.prompt === 'consent') return consent(ctx, details)
    const from = queryField(ctx, 'attempt', 100)
    const waits = details.prompt === 'login' && !details.session && !details.params.anew
    if (waits && from === undefined && (await sessions.current(ctx))) return interactions.proceed(ctx)
    if (from === undefined) return begin(ctx, details)
    const flow = await flows.get(from, ctx.state.visitor.device)
    if (flow.interaction !== details.uid || !flow.done) throw new Problem('attempt_expired')
    const { account, acr, amr } = await concluded(ctx, services, flow)
    if (!acr) throw new Problem('attempt_expired')
    await interactions.finish(ctx, { accountId: account.id, acr, amr, guard: account.guard })
  })

  router.post('/interaction/:uid/consent', ctx => interactions.consent(ctx))
  router.post('/interaction/:uid/abort', ctx => interactions.abort(ctx))
  router.post('/interaction/:uid/unmet', ctx => interactions.unmet(ctx))

  const begin = async (ctx: Context, { uid, prompt, client, app, params, session }: InteractionDetails) => {
    const { name, tile } = client
    const begun = {
      interaction: uid,
      within: session?.uid,
      // Who was to sign up, and has an account, signs in here: back at the request they would be asked to sign up again.
      ...((params.anew || prompt === 'create') && { anew: true }),
      client: { name, tile, home: app },
      locale: params.ui_locales ? requestedLocale(params.ui_locales) : ctx.state.locale,
    }
    if (prompt === 'create') return beginFlow(ctx, services, { ...begun, purpose: 'sign-up' })
    const person = session && (await accounts.get(session.accountId))
    // Somebody who is signed in and has to prove more stays who they are, unless the app asked for a sign-in of its own.
    const stays = person !== undefined && !params.anew
    await beginFlow(ctx, services, {
      ...begun,
      purpose: stays ? 'step-up' : 'sign-in',
      account: stays ? person.id : undefined,
      guard: stays ? person.guard : undefined,
      email: stays ? person.email : (params.login_hint ?? person?.email),
      acr: params.acr,
    })
  }

  const consent = async (ctx: Context, details: InteractionDetails) => {
    const { uid, client, stranger, asked, session } = details
    const person = session && (await accounts.get(session.accountId))
    if (!person) throw new Problem('sign_in_needed')
    const locals = {
      base: `/interaction/${uid}`,
      scopes: asked.scopes,
      resources: asked.resources,
      email: person.email,
      stranger,
    }
    show.page(ctx, 'sign-in/consent', locals, { towards: { name: client.name, tile: client.tile, logo: client.logo } })
  }

  return router
}
