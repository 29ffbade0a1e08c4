import type Router from '@koa/router'
import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { emailAddress } from '../factors/contacts.ts'
import type { Request } from '../flows/approval.ts'
import type { Facts } from '../flows/approval-details.ts'
import { routes } from '../oidc/configuration.ts'
import type { InteractionDetails, Stranger } from '../oidc/interactions.ts'
import { rememberApp } from './flow-start.ts'
import { fields, queryField, submit } from './forms.ts'
import { localeOf } from './language.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { type ToldAttribute, toldAttributes } from './told-attributes.ts'
import type { Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** A third-party app asks for access. Posts to `<base>/consent` and `<base>/abort`. */
    'sign-in/consent': {
      base: string
      scopes: readonly string[]
      resources: readonly { name: string; scopes: readonly string[] }[]
      /** What it is told of them beside that. */
      told: readonly ToldAttribute[]
      email: string
      stranger: Stranger | undefined
    }
    /** An app wants something approved: the proof is posted to `<base>/passkey`, by script only, and a refusal to `refuse`. */
    'sign-in/approve': {
      base: string
      refuse: string
      /** The app. */
      asks: string
      email: string
      facts: Facts
      /** Whether something was approved to the same receiver before. */
      known: boolean
      /** Whether they have a passkey that is too new to approve with. */
      young: boolean
      shown: Record<string, unknown>
    }
  }
}

/** Serves the place where an app's authorization request waits for a person: it sends them to sign in, takes the proof, and asks for consent and approval. */
export function interaction(services: Services): void {
  const { router, accounts, flows, interactions, sessions, show, beginFlow, concluded, finish } = services
  const approve = approval(services, router)
  const toldOf = toldAttributes(services)

  router.get('/interaction/:uid', async ctx => {
    const from = queryField(ctx, 'attempt', 100)
    const details = await interactions.details(ctx).catch(fault => tooLate(ctx, fault, from))
    if (!details) return
    rememberApp(ctx, details.app, [`/interaction/${details.uid}`, `${routes.authorization}/${details.uid}`])
    if (from === undefined && details.approval) return approve(ctx, details, details.approval)
    if (from === undefined && details.prompt === 'consent') return consent(ctx, details)
    const waits = details.prompt === 'login' && !details.session && !details.params.anew
    // Somebody who used a recovery code on the way here has seen what their lost phone is still good for, and goes on as who they are.
    const hint = queryField(ctx, 'as', 10) === 'here' ? undefined : details.params.login_hint
    if (waits && from === undefined && (await suits(ctx, hint))) return interactions.proceed(ctx)
    if (from === undefined) return begin(ctx, details)
    const flow = await flows.get(from, ctx.state.visitor.device)
    if (flow.interaction !== details.uid || !flow.done) throw new Problem('attempt_expired')
    const { account, acr, amr, noted } = await concluded(ctx, flow)
    if (!acr) throw new Problem('attempt_expired')
    const finished = interactions.finish(ctx, { accountId: account.id, acr, amr, securityStamp: account.securityStamp })
    await Promise.all([noted, finished])
  })

  /** Ends a flow whose app's request ran out meanwhile: what was proved and set up counts, and the app is named, to start again. */
  const tooLate = async (ctx: Context, fault: unknown, from: string | undefined): Promise<undefined> => {
    const over = fault instanceof Problem && fault.code === 'attempt_expired' && from !== undefined
    const flow = over ? await flows.get(from, ctx.state.visitor.device).catch(() => undefined) : undefined
    if (!flow?.done || flow.interaction !== ctx.params.uid) throw fault
    await finish(ctx, { ...flow, interaction: undefined, next: undefined, app: flow.client?.home })
  }

  // Somebody who is signed in goes on as somebody else: the request is the same, and so is the app.
  router.post('/interaction/:uid/switch', async ctx => {
    const { session: _, ...details } = await interactions.details(ctx)
    await begin(ctx, {
      ...details,
      session: undefined,
      params: { ...details.params, anew: true, login_hint: undefined },
    })
  })
  router.post('/interaction/:uid/consent', ctx => interactions.consent(ctx))
  router.post('/interaction/:uid/abort', ctx => interactions.abort(ctx))
  router.post('/interaction/:uid/unmet', ctx => interactions.unmet(ctx))

  /** Tells whether another tab signed somebody in who may be whom the app names. */
  const suits = async (ctx: Context, hint = ''): Promise<boolean> => {
    const session = await sessions.current(ctx)
    const named = emailAddress(hint)
    if (!session || named === undefined) return session !== undefined
    return (await accounts.get(session.accountId))?.email === named
  }

  const begin = async (ctx: Context, { uid, prompt, client, app, params, session }: InteractionDetails) => {
    const { id, name, tile } = client
    const begun = {
      interaction: uid,
      within: session?.uid,
      // People who were to sign up and have an account sign in here: back at the request they would be asked to sign up again.
      ...((params.anew || prompt === 'create') && { anew: true }),
      client: { id, name, tile, home: app },
    }
    const asked = params.ui_locales
    if (prompt === 'create') return beginFlow(ctx, { ...begun, locale: localeOf(ctx, { asked }), purpose: 'sign-up' })
    const person = session && (await accounts.get(session.accountId))
    // Somebody who is signed in and has to prove more stays who they are, unless the app asked for a sign-in of its own.
    const stays = person !== undefined && !params.anew
    await beginFlow(ctx, {
      ...begun,
      locale: localeOf(ctx, { setting: person?.locale, asked }),
      purpose: stays ? 'step-up' : 'sign-in',
      account: stays ? person.id : undefined,
      securityStamp: stays ? person.securityStamp : undefined,
      email: stays ? person.email : (params.login_hint ?? person?.email),
      acr: params.acr,
    })
  }

  const consent = async (ctx: Context, details: InteractionDetails) => {
    const { uid, client, stranger, asked, session, params } = details
    const person = session && (await accounts.get(session.accountId))
    if (!person) throw new Problem('sign_in_needed')
    ctx.state.locale = localeOf(ctx, { setting: person.locale, asked: params.ui_locales })
    const locals = {
      base: `/interaction/${uid}`,
      scopes: asked.scopes,
      resources: asked.resources,
      told: await toldOf(ctx, client.id, person, asked.attributes),
      email: person.email,
      stranger,
    }
    show.page(ctx, 'sign-in/consent', locals, { towards: { name: client.name, tile: client.tile, logo: client.logo } })
  }
}

/** Takes the proofs of what apps want approved. Returns what shows such a request in words. */
function approval(
  services: Pick<Services, 'accounts' | 'approving' | 'interactions' | 'sessions' | 'show'>,
  router: Router<Visit>,
) {
  const { accounts, approving, interactions, sessions, show } = services

  const page = async (ctx: Context, details: InteractionDetails, request: Request, problem?: Problem) => {
    const person = await accounts.get(request.account)
    if (!person) throw new Problem('sign_in_needed')
    const { uid, client, params } = details
    ctx.state.locale = localeOf(ctx, { setting: person.locale, asked: params.ui_locales })
    const { factor, shown, known, young, ...facts } = await approving.ask(request)
    const base = `/interaction/${uid}/approve`
    show.page(
      ctx,
      'sign-in/approve',
      { base, refuse: `/interaction/${uid}/abort`, asks: client.name, email: person.email, facts, known, young, shown },
      {
        title: show.say(ctx.state.locale, 'approve.title', { type: facts.type }),
        towards: { name: client.name, tile: client.tile },
        problem,
      },
    )
  }

  router.post('/interaction/:uid/approve/:factor', async ctx => {
    const details = await interactions.details(ctx)
    const { approval: request } = details
    // Somebody who has signed out meanwhile approves nothing more.
    if (!request || (await sessions.current(ctx))?.accountId !== request.account) throw new Problem('attempt_expired')
    await submit(
      async () => {
        const receipt = await approving.approve(request, ctx.params.factor ?? '', fields(ctx), ctx.state.visitor)
        await interactions.approve(ctx, receipt)
      },
      problem => page(ctx, details, request, problem),
    )
  })
  // A refused post leaves the browser at this address: a request for it means the page.
  router.get('/interaction/:uid/approve/:factor', ctx => seeOther(ctx, `/interaction/${ctx.params.uid}`))
  return page
}
