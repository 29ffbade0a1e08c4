import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { type Jar, jar } from './jar.ts'
import { type Running, startLatchkey } from './latchkey.ts'
import { authenticatorCode, signUp, somebody } from './people.ts'
import { type Commit, tallied } from './tallied.ts'

const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: 'the-secret-of-the-app-that-is-counted',
  redirect_uris: ['https://app.example.com/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid offline_access',
  first_party: true,
}
const verifier = 'the verifier of the app that is counted, 43 and longer'.replace(/[ ,]/g, '-')

/** One request of a sign-in, and what it wrote. */
export interface Row {
  request: string
  commits: Commit[]
}

/** Sums up what requests wrote: strokes, those of them that wait for the disk, and writes. */
export function summed(rows: readonly Row[]): { commits: number; synced: number; writes: number } {
  const commits = rows.flatMap(each => each.commits)
  const synced = commits.filter(each => !each.transient).length
  return { commits: commits.length, synced, writes: commits.flatMap(each => each.writes).length }
}

/** Starts a Latchkey with one person, and counts what each request of a password and authenticator sign-in of theirs writes. */
export async function countingSignIns(through = (store: Running['store']) => store) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-writes-'))
  const clients = join(folder, 'clients.json')
  writeFileSync(clients, JSON.stringify({ apis: [], clients: [app] }))
  let since: () => Commit[] = () => []
  const latchkey = await startLatchkey({
    clients,
    through: store => {
      const { store: counted, since: told } = tallied(through(store))
      since = told
      return counted
    },
  })
  const ada = somebody()
  await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
  latchkey.clock.pass(2 * 3_600_000)
  const at = (path = '') => new URL(path, latchkey.issuer).href

  /** Ends once nothing more is written: what is on record beside the answer counts, too. */
  const written = async (): Promise<Commit[]> => {
    const commits: Commit[] = []
    for (let quiet = 0; quiet < 20; quiet++) {
      await turn()
      const more = since()
      if (more.length > 0) quiet = 0
      commits.push(...more)
    }
    return commits
  }
  const counting =
    (rows: Row[]) =>
    async <A>(request: string, act: () => Promise<A>): Promise<A> => {
      await written()
      const answer = await act()
      rows.push({ request, commits: await written() })
      return answer
    }
  const go = { follow: false }
  const prove = async (browser: Jar, counted: ReturnType<typeof counting>, flow: string) => {
    await counted('GET /sign-in/<flow>', () => browser.get(flow, go))
    const { email, password } = ada
    await counted('POST password', () => browser.post(`${flow}/password`, { email, password }, go))
    await counted('GET /sign-in/<flow>', () => browser.get(flow, go))
    const code = authenticatorCode(latchkey, ada)
    return counted('POST totp', () => browser.post(`${flow}/totp`, { code }, go))
  }

  return {
    latchkey,
    person: ada,
    /** Counts one request. */
    count: async (request: string, act: () => Promise<unknown>): Promise<Row> => {
      const rows: Row[] = []
      await counting(rows)(request, act)
      return rows[0] as Row
    },
    /** Signs in at our own page; resolves to the rows. */
    direct: async (browser = jar()): Promise<Row[]> => {
      const rows: Row[] = []
      const counted = counting(rows)
      const { location } = await counted('GET /sign-in', () => browser.get(at('/sign-in'), go))
      const { location: end } = await prove(browser, counted, at(location))
      if (end !== at('/account')) throw new Error(`signed in to ${end}`)
      return rows
    },
    /** Signs in for an app, which redeems its code; resolves to the rows. */
    forApp: async (browser = jar()): Promise<Row[]> => {
      const rows: Row[] = []
      const counted = counting(rows)
      const [redirect_uri = ''] = app.redirect_uris
      const asked = new URLSearchParams({
        ...{ client_id: app.client_id, redirect_uri, response_type: 'code', scope: app.scope },
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      })
      const { location: interaction } = await counted('GET /authorize', () =>
        browser.get(at(`/authorize?${asked}`), go),
      )
      const { location: flow } = await counted('GET /interaction/<uid>', () => browser.get(at(interaction), go))
      const { location: back } = await prove(browser, counted, at(flow))
      const { location: resumed } = await counted('GET /interaction/<uid>?attempt', () => browser.get(at(back), go))
      const { location: callback = '' } = await counted('GET /authorize/<uid>', () => browser.get(at(resumed), go))
      const code = new URL(callback).searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier }
      const authorization = `Basic ${btoa(`${app.client_id}:${app.client_secret}`)}`
      const redeem = { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) }
      const answer = await counted('POST /token', () => fetch(at('/token'), redeem))
      const { access_token: access, refresh_token: refresh } = (await answer.json()) as Record<string, string>
      if (access === undefined || refresh === undefined) throw new Error('there are no tokens')
      latchkey.keepOut(code, access, refresh)
      return rows
    },
    /** Signs out on a device, which knows its owner from then on. */
    signOut: async (browser: Jar): Promise<void> => {
      await (await browser.get(at('/account'))).submit({}, 'Sign out')
      latchkey.clock.pass(2 * 3_600_000)
    },
    stop: async () => {
      await latchkey.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
