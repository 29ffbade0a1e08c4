import { type Jar, jar, type Page } from '../test/support/jar.ts'
import { until } from './arrivals.ts'
import type { Measured } from './latchkey.ts'
import { authorized, type Person, password, type Signing } from './people.ts'
import type { Arrived } from './receivers.ts'

/** Something that somebody does. Throws where they are answered nothing that helps them. */
export type Act = () => Promise<void>

/** Milliseconds that a code may take to arrive, once all is well. */
const soon = 30_000

/** People who go on while nothing is delivered: each act is somebody else's, and who waits for a code then asks for another when all is well. */
export function served(measured: Measured, shop: Signing & { client_id: string }, arrivals: readonly Arrived[]) {
  const { url, crowd } = measured
  const counts: Record<string, number> = {}
  const waiting: Act[] = []
  let [longest, turn, newcomers] = [0, 0, 0]
  const [texted, others] = [crowd.filter(each => each.phone), crowd.filter(each => !each.phone)]
  const next = (of: Person[]): Person => {
    const person = of.pop()
    if (!person) throw new Error('nobody is left')
    return person
  }
  const browser = (): Jar => jar({ 'x-forwarded-for': `203.0.${(turn >> 8) & 255}.${turn++ & 255}` })
  /** Opens or posts a page; throws where it fails for a reason of ours, or says nothing. */
  const clear = async (asked: Promise<Page>): Promise<Page> => {
    const begun = performance.now()
    const page = await asked
    longest = Math.max(longest, performance.now() - begun)
    if (page.status >= 500 || (page.location === undefined && page.h1 === ''))
      throw new Error(`${page.url} answered ${page.status}: ${page.text.slice(0, 200)}`)
    return page
  }
  const asksForCode = (page: Page): Page => {
    if (page.forms.some(form => form.fields.some(field => field.name === 'code'))) return page
    throw new Error(`${page.url} asks for no code, ${page.status}: ${page.text.slice(0, 300)}`)
  }
  /** The code in the newest message to somebody that arrived at that time or later. */
  const codeTo = async (to: string, since: number): Promise<string> => {
    let code: string | undefined
    const found = () => {
      const mine = arrivals.filter(
        ({ at, ...each }) => at >= since && (each.to === to || each.text.includes(`"${to}"`)),
      )
      code = mine.map(each => /(?:^|\s)(\d{6})(?:\s|$)/m.exec(bodyOf(each))?.[1]).findLast(Boolean)
      return code !== undefined
    }
    if (!(await until(found, soon))) throw new Error(`no code came to ${to}`)
    return code ?? ''
  }

  const text = async (at: Jar, { email }: Person): Promise<Page> => {
    const start = await clear(at.get(`${url}/sign-in`))
    return asksForCode(await clear(start.submit({ email, password }, 'Sign in')))
  }
  const mail = async (at: Jar, person: Person): Promise<Page> => {
    const page = await text(at, person)
    const other = asksForCode(await clear(at.post(`${page.url}/use`, { factor: 'email' })))
    if (!other.text.includes(person.email.slice(person.email.indexOf('@')))) throw new Error('no code is emailed')
    return other
  }
  const begin = async (at: Jar, { email }: { email: string }): Promise<Page> => {
    const start = await clear(at.get(`${url}/sign-up`))
    return asksForCode(await clear(start.submit({ email })))
  }
  /** Somebody asks for a code, waits in vain, and asks for another once all is well. */
  const asking = async <Who extends { email: string }>(
    ask: (at: Jar, who: Who) => Promise<Page>,
    who: Who,
    to: string,
    arrives: (page: Page) => boolean,
  ): Promise<void> => {
    const at = browser()
    await ask(at, who)
    waiting.push(async () => {
      const since = Date.now()
      const page = await ask(at, who)
      const through = await clear(page.submit({ code: await codeTo(to, since) }, { field: 'code' }))
      if (!arrives(through)) throw new Error(`the code led to ${through.url}: ${through.text.slice(0, 600)}`)
    })
  }
  const home = (page: Page) => page.url.endsWith('/account')

  const acts: Record<string, Act> = {
    texted: () => {
      const person = next(texted)
      return asking(text, person, person.phone ?? '', home)
    },
    mailed: () => {
      const person = next(texted)
      return asking(mail, person, person.email, home)
    },
    newcomer: () => {
      const email = `newcomer-${newcomers++}@example.com`
      const asksForPassword = (page: Page) => page.find('input[name=password]') !== undefined
      return asking(begin, { email }, email, asksForPassword)
    },
    /** Signs in at the app and out everywhere; the owner of the account is told of the device, the app of the end. */
    shopper: async () => {
      const at = browser()
      const { form } = await authorized(url, next(others), at, shop)
      const basic = Buffer.from(`${shop.client_id}:${shop.client_secret}`).toString('base64')
      const headers = { authorization: `Basic ${basic}` }
      const answer = await fetch(`${url}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
      if (!answer.ok) throw new Error(`the code was answered ${answer.status}: ${await answer.text()}`)
      await answer.text()
      await clear((await clear(at.get(`${url}/account`))).submit({}, 'Sign out'))
    },
    forgetful: async () => {
      const page = await clear(browser().get(`${url}/forgot-password`))
      await clear(page.submit({ email: (others[0] as Person).email }))
    },
  }
  const counted = Object.entries(acts).map(([name, act]): [string, Act] => [
    name,
    async () => {
      await act()
      counts[name] = (counts[name] ?? 0) + 1
    },
  ])
  return { acts: Object.fromEntries(counted), waiting, counts, longest: () => longest }
}

/** What a message says, without what its transport adds. */
function bodyOf({ channel, text }: Arrived): string {
  return channel === 'sms' ? (JSON.parse(text) as { text: string }).text : text.slice(text.indexOf('\r\n\r\n'))
}
