import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { events } from '../events.ts'
import { type Figure, figureNames, type Period, periods } from '../observers/figures.ts'
import { type Happened, wording } from './activity-words.ts'
import { queryField } from './forms.ts'
import type { Pages } from './pages.ts'
import type { Services } from './services.ts'
import { desk, frame, type Member } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** `more`: more cases wait than are counted. `share`: of a hundred sign-ins, how many used a passkey. */
    'admin/home': {
      period: string
      periods: readonly string[]
      charts: readonly Chart[]
      factors: readonly { id: string; count: number }[]
      share: number | undefined
      waiting: number
      more: boolean
      proposals: number
      undelivered: number
    }
    /** A filter by GET; posts to `/admin/audit/verify`. `verified`: how many entries are sound, and what is wrong behind them. */
    'admin/audit': {
      entries: readonly Line[]
      names: readonly string[]
      typed: { account: string; event: string; from: string; to: string }
      rest: string | undefined
      first: boolean
      exports: boolean
      verified: { sound: boolean; entries: number; fault?: string | undefined } | undefined
    }
  }
}

interface Chart {
  name: Figure
  total: number
  most: number
  points: readonly { at: number; count: number }[]
  /** Whether each part is a day. */
  days: boolean
}
type Line = Happened & {
  name: string
  account: string | undefined
  staff: string | undefined
  reason: string | undefined
}

const day = 24 * 3_600_000
const charted = ['sign-ins', 'failures', 'accounts', 'holds', 'tokens', 'delivered'] as const
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** Serves the overview of the staff, and the audit log. */
export function adminOverview(services: Services): void {
  const { admin, accounts, auditExport, emit, show, staffDecisions, actions } = services
  const { page, posting, member, prepared } = desk(services)
  const inWords = wording(services)

  page('/admin', 'admin:overview.read', async (ctx, by) => {
    const names = Object.keys(periods) as Period[]
    const period = names.find(each => each === queryField(ctx, 'period', 10)) ?? 'day'
    const [{ figures }, { waiting }, { proposals }] = await Promise.all([
      admin.perform(admin.overview.get, { period }, by),
      staffDecisions.queue(),
      admin.perform(admin.proposals.list, {}, by),
    ])
    const sum = (name: Figure) => figures[name].reduce((total, { count }) => total + count, 0)
    const factors = figureNames.filter(name => name.startsWith('factor-'))
    const signIns = sum('sign-ins')
    const locals = {
      ...{ period, periods: names, waiting: waiting.cases.length, more: waiting.next !== undefined },
      charts: charted.map(name => {
        const counts = figures[name].map(({ count }) => count)
        return { name, total: sum(name), most: Math.max(1, ...counts), points: figures[name], days: period !== 'day' }
      }),
      factors: factors.map(name => ({ id: name.slice('factor-'.length), count: sum(name) })),
      share: signIns > 0 ? Math.round((100 * sum('passkeys')) / signIns) : undefined,
      proposals: proposals.length,
      undelivered: sum('undelivered'),
    }
    show.page(ctx, 'admin/home', locals, frame(by))
  })

  const lineOf = async (ctx: Context, entry: Parameters<typeof inWords>[1]): Promise<Line> => {
    const { staff, person, account, reason } = entry.data
    const by = text(staff)
    return {
      ...(await inWords(ctx, entry)),
      name: entry.name,
      account: text(account) ?? text(person),
      staff: by === undefined ? text(entry.data.client) : ((await accounts.get(by))?.email ?? by),
      reason: text(reason),
    }
  }
  const typedIn = (ctx: Context) => {
    const of = (name: string, max: number) => queryField(ctx, name, max) ?? ''
    return { account: of('account', 320).trim(), event: of('event', 60), from: of('from', 10), to: of('to', 10) }
  }

  const log = async (ctx: Context, by: Member, verified?: Pages['admin/audit']['verified']): Promise<void> => {
    const typed = typedIn(ctx)
    const cursor = queryField(ctx, 'cursor', 100)
    const found = typed.account.includes('@') ? await accounts.byEmail(typed.account.toLowerCase()) : undefined
    const [from, to] = [Date.parse(typed.from), Date.parse(typed.to)]
    const given = {
      ...(typed.account !== '' && { account: found?.id ?? typed.account }),
      ...(typed.event !== '' && { event: typed.event }),
      ...(!Number.isNaN(from) && { from }),
      ...(!Number.isNaN(to) && { until: to + day }),
      ...(cursor !== undefined && { cursor }),
    }
    const { entries, next } = await admin.perform(admin.audit.search, given, by)
    const lines = entries.map(({ address, agent, request, ...each }) =>
      lineOf(ctx, { ...each, origin: { address, agent, request } } as Parameters<typeof inWords>[1]),
    )
    const query = Object.entries({ ...typed, cursor: next ?? '' }).filter(([, value]) => value !== '')
    const locals = {
      ...{ entries: await Promise.all(lines), names: Object.keys(events).sort(), typed, verified },
      ...{ rest: next && `?${new URLSearchParams(query)}`, first: cursor === undefined },
      exports: by.scopes.has('admin:audit.export'),
    }
    show.page(ctx, 'admin/audit', locals, frame(by))
  }
  page('/admin/audit', 'admin:audit.read', (ctx, by) => log(ctx, by))

  posting('/admin/audit/verify', async (ctx, person) => {
    const ready = await prepared(ctx, person, actions.staff.look, { scope: 'admin:audit.export' }, '/admin/audit')
    if (!ready) return
    const by = await member(ctx, person)
    await log(ctx, by, await admin.perform(admin.audit.verify, {}, by))
  })

  page('/admin/audit.ndjson', 'admin:audit.export', async (ctx, { staff }) => {
    await emit('audit.exported', { staff: staff.id })
    ctx.attachment('latchkey-audit.ndjson')
    ctx.type = 'application/x-ndjson'
    ctx.body = Readable.from(auditExport())
  })
}
