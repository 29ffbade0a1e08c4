import { expect } from 'chai'
import { Problem } from '../../src/errors.ts'
import { ssoSessions } from '../../src/records/session-records.ts'
import { allOf, type Collection, type Doc, type Store } from '../../src/store/collection.ts'
import { type Jar, jar } from '../support/jar.ts'
import { authenticatorCode } from '../support/people.ts'
import { countingSignIns, type Row, summed } from '../support/sign-in-writes.ts'
import { sometimesSlow } from '../support/store.ts'

/** What each request wrote: a text for each commit, with `~` before one that waits for no disk. */
function told(rows: readonly Row[]): string[][] {
  const inWords = ({ transient, writes }: Row['commits'][number]): string => {
    const words = writes.map(each => `${each.collection} ${each.verb}`).sort()
    return `${transient ? '~' : ''}${words.join(', ')}`
  }
  return rows.flatMap(({ request, commits }) => (commits.length > 0 ? [[request, ...commits.map(inWords)]] : []))
}

/** The same store, in which one kind of write fails whenever `broken` names it: of a take, another request is faster. */
function breaking(store: Store, broken: () => string | undefined): Store {
  return {
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const inner = store.collection(declaration)
      const insert: typeof inner.insert = async (...given) => {
        if (broken() === `${declaration.name} insert`) throw new Problem('unavailable', { retryAfter: 1 })
        return inner.insert(...given)
      }
      const take: typeof inner.take = async id => {
        const taken = await inner.take(id)
        return broken() === `${declaration.name} take` ? undefined : taken
      }
      return { ...inner, insert, take }
    },
  }
}

describe('what a sign-in by password and authenticator writes', () => {
  let here: Awaited<ReturnType<typeof countingSignIns>>
  let broken: string | undefined
  let slow = false
  /** One device, which the account knows once somebody has signed in on it. */
  let device: Jar
  before(async () => {
    here = await countingSignIns(store =>
      sometimesSlow(
        breaking(store, () => broken),
        5,
        () => slow,
      ),
    )
    device = jar()
  })
  after(() => here.stop())
  afterEach(async () => {
    ;[broken, slow] = [undefined, false]
    await here.signOut(device).catch(() => {})
  })

  /** Compares the totals, and where the engine commits together, the commits of each request. */
  const expectRows = (rows: readonly Row[], most: ReturnType<typeof summed>, each?: string[][]): void => {
    if (!here.latchkey.store.commitsTogether) return void expect(summed(rows).writes).to.be.at.most(most.writes + 1)
    expect(summed(rows)).to.deep.equal(most)
    if (each) expect(told(rows)).to.deep.equal(each)
  }
  const password = [
    'POST password',
    '~throttles count',
    'attempts patch, audit_leaves insert, audit_places insert, credentials patch, throttles take',
  ]
  const digits = [
    'POST totp',
    '~ceremonies insert, throttles count',
    'credentials patch',
    'attempts patch, audit_leaves insert, audit_places insert, throttles take',
  ]

  it('is 35 writes in 14 commits at our own page, on a device that the account does not know, the mail to its owner included', async () => {
    expectRows(await here.direct(device), { commits: 14, synced: 11, writes: 35 })
  })

  it('is 18 writes in 6 commits at our own page, on a device that the account knows', async () => {
    expectRows(await here.direct(device), { commits: 6, synced: 3, writes: 18 }, [
      ['GET /sign-in', '~attempts insert'],
      password,
      [
        ...digits.slice(0, -1),
        'attempts take, audit_leaves insert, audit_places insert, audit_places insert, devices patch, sessions put, sso_sessions insert, throttles take',
      ],
    ])
  })

  it('is 28 writes in 11 commits for an app, its tokens included', async () => {
    expectRows(await here.forApp(device), { commits: 11, synced: 7, writes: 28 }, [
      ['GET /authorize', '~interactions put'],
      ['GET /interaction/<uid>', '~attempts insert'],
      password,
      digits,
      ['GET /interaction/<uid>?attempt', 'attempts take', 'devices patch, interactions patch'],
      [
        'GET /authorize/<uid>',
        'audit_leaves insert, audit_places insert, codes put, grants insert, interactions take, sessions put, sso_sessions insert',
      ],
      ['POST /token', 'access_tokens put, codes patch, refresh_tokens put'],
    ])
  })

  /** Opens a sign-in and answers with the password; resolves to its address. */
  const half = async (): Promise<string> => {
    const { email, password } = here.person
    const { url } = await device.get(`${here.latchkey.issuer}/sign-in`)
    await device.post(`${url}/password`, { email, password })
    return url
  }

  it('has every guess on the disk before it is answered', async () => {
    const { email, password } = here.person
    const url = await half()
    const guesses = {
      'POST totp': () => device.post(`${url}/totp`, { code: '000000' }),
      'POST password': async () => device.post(`${await page()}/password`, { email, password: `${password}!` }),
      'POST password of nobody': async () =>
        device.post(`${await page()}/password`, { email: 'nobody@example.com', password }),
    }
    const page = async () => (await device.get(`${here.latchkey.issuer}/sign-in`)).url
    for (const [request, guess] of Object.entries(guesses)) {
      const { commits } = await here.count(request, guess)
      const counted = commits.findIndex(each => each.writes.some(({ collection }) => collection === 'throttles'))
      expect([counted >= 0, commits.at(-1)?.transient], request).to.deep.equal([true, false])
    }
  })

  it('signs nobody in, and leaves nothing to go on with, where a proof cannot be written down', async () => {
    const url = await half()
    broken = 'audit_leaves insert'
    const failed = await device.post(`${url}/totp`, { code: authenticatorCode(here.latchkey, here.person) })
    expect(failed.status).to.equal(503)
    broken = undefined
    expect((await device.get(url)).status).to.equal(410)
    expect((await device.get(`${here.latchkey.issuer}/account`)).url).to.contain('/sign-in')
  })

  for (const [what, status] of [
    ['attempts take', 410],
    ['sso_sessions insert', 503],
  ] as const)
    it(`leaves no session without its owner where the last write goes wrong at ${what}`, async () => {
      const url = await half()
      const { store } = here.latchkey
      const sessions = async () => allOf(store.collection(ssoSessions), {})
      const before = await sessions()
      broken = what
      const answer = await device.post(
        `${url}/totp`,
        { code: authenticatorCode(here.latchkey, here.person) },
        { follow: false },
      )
      broken = undefined
      expect(answer.status).to.equal(status)
      expect((await device.get(`${here.latchkey.issuer}/account`)).url).to.contain('/sign-in')
      expect(await sessions()).to.deep.equal(before)
    })

  it('counts a code once, of ten answers at once over a slow line', async () => {
    const url = await half()
    const code = authenticatorCode(here.latchkey, here.person)
    slow = true
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => device.post(`${url}/totp`, { code }, { follow: false })),
    )
    slow = false
    const account = `${here.latchkey.issuer}/account`
    expect(answers.filter(({ location }) => location === account)).to.have.lengthOf(1)
  })
})
