import { bodyParser } from '@koa/bodyparser'
import type Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Answered, Latchkey, Purpose } from './oidc.ts'
import { type Frame, withdrawPage } from './pages.ts'
import type { Session } from './sessions.ts'
import { isPhrase, type PhraseKey } from './speech.ts'
import { Trouble } from './trouble.ts'

/** What was typed, kept with the session until it is sent: nothing of it is lost on the way to Latchkey and back. */
export interface Draft {
  typed: Readonly<Record<string, string>>
  /** What became of it. */
  note?: { good: boolean; key: PhraseKey; values?: Record<string, string>; field?: string | undefined }
}

interface Services {
  provider: Latchkey
  /** Where the API is. */
  api: string
  framed: (context: Context, session: Session) => Frame
  sameOrigin: Middleware
  signedIn(context: Context): Session
  /** With an access token that is good for some time yet. */
  refreshed(context: Context, session: Session): Promise<void>
  /** Sends the browser to Latchkey, to come back for this. */
  authorize(context: Context, purpose: Purpose, session: Session): Promise<void>
}

const fields = ['asset', 'amount', 'address', 'memo'] as const

/** Words of Latchkey's for which there is a note of its own. */
const reasons = new Map([
  ['account_held', 'account_held'],
  ['unmet_authentication_requirements', 'not_yet'],
])

/** The withdrawals of the wallet, and what comes back to them: a fresh proof, or an approval. */
export function withdrawals(router: Router, services: Services) {
  const { provider, api, framed, sameOrigin, signedIn, refreshed, authorize } = services
  const at = `${api}/withdrawals`

  const show = async (context: Context, session: Session, status = 200): Promise<void> => {
    await refreshed(context, session)
    const { body } = await provider.call(session.held, session.held.access.token, 'GET', at)
    context.status = status
    context.body = withdrawPage(framed(context, session), session.draft, body.withdrawals as object[] | undefined)
  }

  const tell = (session: Session, good: boolean, code: string, field?: string) => {
    const own = `note.${code}`
    const said = isPhrase(own) ? { key: own } : ({ key: 'note.other', values: { code } } as const)
    session.draft = { typed: good ? {} : (session.draft?.typed ?? {}), note: { good, ...said, field } }
  }

  const sent = (session: Session, { body }: Answered): void => {
    const values = { amount: String(body.amount), asset: String(body.asset), address: String(body.address) }
    session.draft = { typed: {}, note: { good: true, key: 'note.sent', values } }
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
