import { bodyParser } from '@koa/bodyparser'
import type Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Answered, Latchkey, Purpose } from './oidc.ts'
import { type Frame, withdrawPage } from './pages.ts'
import type { Session } from './sessions.ts'
import { Trouble } from './trouble.ts'

/** What was typed, kept with the session until it is sent: nothing of it is lost on the way to Latchkey and back. */
export interface Draft {
  typed: Readonly<Record<string, string>>
  /** What became of it. */
  note?: { good: boolean; text: string; field?: string | undefined }
}

interface Services {
  provider: Latchkey
  /** Where the API is. */
  api: string
  frame: Frame
  sameOrigin: Middleware
  signedIn(context: Context): Session
  /** With an access token that is good for some time yet. */
  refreshed(context: Context, session: Session): Promise<void>
  /** Sends the browser to Latchkey, to come back for this. */
  authorize(context: Context, purpose: Purpose, session: Session): Promise<void>
}

const fields = ['asset', 'amount', 'address', 'memo'] as const

const notes: Readonly<Record<string, string>> = {
  approval_required: 'This has to be approved, and Latchkey was not asked. Try again.',
  account_held: 'Your account has to wait with this, because what protects it was changed. Nothing was sent.',
  not_approved: 'You did not approve it. Nothing was sent.',
  not_proved: 'You did not prove that it is you. Nothing was sent.',
  not_yet:
    'What you hold does not prove enough for this yet. A passkey that you add counts in full a day later. Nothing was sent.',
  spent: 'This approval was used or has run out. Nothing was sent by it again.',
  asset: 'Choose what to send.',
  amount: 'Type an amount like 0.05, with a point.',
  address: 'That is not an address. Paste it in one piece.',
  memo: 'Keep the memo under 140 characters.',
}

/** Words of Latchkey's for which there is a note of its own. */
const reasons = new Map([
  ['account_held', 'account_held'],
  ['unmet_authentication_requirements', 'not_yet'],
])

/** The withdrawals of the wallet, and what comes back to them: a fresh proof, or an approval. */
export function withdrawals(router: Router, services: Services) {
  const { provider, api, frame, sameOrigin, signedIn, refreshed, authorize } = services
  const at = `${api}/withdrawals`

  const show = async (context: Context, session: Session, status = 200): Promise<void> => {
    await refreshed(context, session)
    const { body } = await provider.call(session.held, session.held.access.token, 'GET', at)
    context.status = status
    context.body = withdrawPage(frame, session.draft, body.withdrawals as object[] | undefined)
  }

  const tell = (session: Session, good: boolean, code: string, field?: string) => {
    const text = notes[code] ?? `The wallet could not send this (${code}).`
    session.draft = { typed: good ? {} : (session.draft?.typed ?? {}), note: { good, text, field } }
  }

  const sent = (session: Session, { body }: Answered): void => {
    session.draft = { typed: {}, note: { good: true, text: `Sent ${body.amount} ${body.asset} to ${body.address}.` } }
  }

  /** Sends what was typed, or goes to fetch what that takes. */
  const submit = async (context: Context, session: Session): Promise<void> => {
    await refreshed(context, session)
    const answer = await provider.call(session.held, session.held.access.token, 'POST', at, session.draft?.typed)
    const { status, body, challenge } = answer
    if (status === 201) {
      sent(session, answer)
      return seeOther(context, '/withdraw')
    }
    if (challenge?.error === 'insufficient_user_authentication') {
      const { acr_values = '', max_age } = challenge
      return authorize(context, { for: 'proof', acr_values, ...(max_age && { max_age }) }, session)
    }
    if (body.error === 'approval_required') {
      const details = JSON.stringify(body.authorization_details)
      return authorize(context, { for: 'approval', authorization_details: details }, session)
    }
    const field = typeof body.field === 'string' ? body.field : undefined
    tell(session, false, field ?? String(body.error), field)
    await show(context, session, status)
  }

  router.get('/withdraw', context => show(context, signedIn(context)))
  router.post('/withdraw', sameOrigin, bodyParser({ enableTypes: ['form'], formLimit: '16kb' }), async context => {
    const session = signedIn(context)
    const posted = (context.request.body ?? {}) as Record<string, unknown>
    const typed = fields.map(name => [name, String(posted[name] ?? '').trim()])
    session.draft = { typed: Object.fromEntries(typed) }
    await submit(context, session)
  })

  return {
    /** Somebody has proved more: on with what they had typed. */
    resume: submit,
    /** Somebody has approved it: it is carried out, once. */
    async carryOut(context: Context, session: Session, token: string): Promise<void> {
      const answer = await provider.call(session.held, token, 'POST', `${at}/approved`)
      if (answer.status === 201) sent(session, answer)
      else tell(session, false, answer.status === 401 ? 'spent' : String(answer.body.error))
      seeOther(context, '/withdraw')
    },
    /** They did not, or could not. */
    async refused(context: Context, session: Session, purpose: Purpose, fault: unknown): Promise<void> {
      if (!(fault instanceof Trouble) || fault.status >= 500) throw fault
      const known = reasons.get(fault.reason ?? '')
      tell(session, false, known ?? (purpose.for === 'approval' ? 'not_approved' : 'not_proved'))
      seeOther(context, '/withdraw')
    },
  }
}

function seeOther(context: Context, url: string): void {
  context.redirect(url)
  context.status = 303
}
