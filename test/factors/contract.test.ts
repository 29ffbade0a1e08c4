import { expect } from 'chai'
import fc from 'fast-check'
import { Problem } from '../../src/errors.ts'
import type { Ceremony, Factor, FactorCredential, Subject } from '../../src/factors/factor.ts'
import { factors } from '../../src/factors/index.ts'
import { authenticator } from '../support/authenticator.ts'
import { totpAt } from '../support/codes.ts'
import { issuer, noon, problem, services, subject } from '../support/factors.ts'
import { hostile } from '../support/hostile.ts'

type Shown = Record<string, unknown>
type Answer = Record<string, unknown>

/** How a person plays one factor. */
interface Play {
  asked?: Answer
  enrol(shown: Shown): Answer | Promise<Answer>
  prove(shown: Shown): Answer | Promise<Answer>
  wrong(shown: Shown): Answer | Promise<Answer>
  /** What a wrong answer is refused with. */
  code: string
  /** What the same answer is refused with, once its proof has changed the secret; absent where ceremonies alone see to it. */
  replayed?: string
}

const minute = 60_000

function plays({ sent }: ReturnType<typeof services>): Record<string, Play> {
  const device = authenticator()
  const options = (shown: Shown) => shown.options as never
  let codes: string[] = []
  let secret = ''
  const sentCode: Omit<Play, 'asked'> = {
    enrol: () => ({ code: sent.at(-1)?.code }),
    prove: () => ({ code: sent.at(-1)?.code }),
    wrong: () => ({ code: String((Number(sent.at(-1)?.code ?? 0) + 1) % 1_000_000).padStart(6, '0') }),
    code: 'wrong_code',
  }
  return {
    password: {
      enrol: () => ({ password: 'plum anchor violin' }),
      prove: () => ({ email: 'ada@example.com', password: 'plum anchor violin' }),
      wrong: () => ({ email: 'ada@example.com', password: 'plum anchor viola' }),
      code: 'wrong_credentials',
    },
    passkey: {
      enrol: async shown => ({ response: JSON.stringify(await device.create(options(shown), issuer)) }),
      prove: async shown => ({ response: JSON.stringify(await device.get(options(shown), issuer)) }),
      wrong: async shown => ({ response: JSON.stringify(await device.get(options(shown), issuer, { forged: true })) }),
      code: 'wrong_passkey',
      replayed: 'wrong_passkey',
    },
    totp: {
      enrol: shown => {
        secret = String(shown.secret)
        return { code: totpAt(secret, noon) }
      },
      prove: () => ({ code: totpAt(secret, noon + minute) }),
      wrong: () => ({ code: totpAt(secret, noon + 10 * minute) }),
      code: 'wrong_code',
      replayed: 'code_spent',
    },
    sms: { ...sentCode, asked: { phone: '+44 7700 900123' } },
    email: { ...sentCode, asked: { email: 'Ada@Example.com' } },
    'recovery-code': {
      enrol: shown => {
        codes = shown.codes as string[]
        return { saved: 'yes' }
      },
      prove: () => ({ code: codes[3] }),
      wrong: () => ({ code: '00000-00000' }),
      code: 'wrong_code',
      replayed: 'wrong_code',
    },
  }
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value))
const later = { now: noon + minute }

/** Runs ceremonies as flows/challenge.ts does: shapes first, and state through JSON. */
const begin = async (
  { begin, ask }: Ceremony<unknown, unknown, unknown, unknown>,
  who: Subject<unknown>,
  asked = {},
) => {
  const fits = ask?.safeParse(asked)
  if (fits && !fits.success) throw new Problem('malformed')
  const { state, page = {} } = begin ? await begin(who, fits?.data ?? {}) : { state: null }
  return { state: json(state), page }
}
const finish = async <T>(
  ceremony: Ceremony<unknown, unknown, unknown, T>,
  answer: unknown,
  state: unknown,
  who: Subject<unknown>,
): Promise<T> => {
  const fits = ceremony.answer.safeParse(answer)
  if (!fits.success) throw new Problem('malformed')
  return ceremony.finish(fits.data, state, who)
}

const own = services()
const all = factors(own)

describe('every factor', () => {
  it('is played below', () => {
    expect(Object.keys(plays(own))).to.have.members(all.map(each => each.id))
  })

  it('has an id of its own that can name routes, views and phrases', () => {
    expect(new Set(all.map(each => each.id)).size).to.equal(all.length)
    for (const { id } of all) expect(id).to.match(/^[a-z]+(-[a-z]+)*$/)
  })

  it('leaves somebody at sign-up a first factor, an address and a choice of second factors', () => {
    expect(all.filter(each => each.identifies).map(each => each.id)).to.deep.equal(['email'])
    expect(all.filter(each => each.mandatory).map(each => each.id)).to.deep.equal(['totp', 'sms'])
    expect(all.filter(each => each.positions.includes('first')).map(each => each.id)).to.deep.equal([
      'passkey',
      'password',
    ])
  })

  it('is phishing-resistant exactly when it is two factors by itself, and no emailed code is more than a second step', () => {
    for (const { multiFactor, strength } of all) expect(strength === 'phr').to.equal(multiFactor === true)
    expect(all.filter(each => each.strength === 'mfa').map(each => each.id)).to.deep.equal(['email'])
  })
})

for (const factor of all) describe(`the factor ${factor.id}`, () => contract(factor))

function contract(factor: Factor): void {
  const play = () => plays(own)[factor.id] as Play
  const enrolled = async (played: Play): Promise<FactorCredential<unknown>> => {
    const who = subject()
    const { state, page } = await begin(factor.enrol, who, played.asked)
    const { secret } = await finish(factor.enrol, await played.enrol(page), state, who)
    return { id: 'credential', secret: json(secret) }
  }

  it('declares itself sanely', () => {
    expect(factor.kind).to.be.oneOf(['knowledge', 'possession', 'inherence'])
    // RFC 8176, section 2.
    for (const value of factor.amr) expect(value).to.be.oneOf(['pwd', 'otp', 'sms', 'pop', 'user'])
    expect(factor.amr).to.not.be.empty
    expect(factor.positions).to.not.be.empty
    expect(factor.limit).to.be.within(1, 20)
  })

  it('is proved by who enrolled it, and its secrets survive the store', async () => {
    const played = play()
    const held = await enrolled(played)
    expect(factor.secret.parse(held.secret)).to.deep.equal(held.secret)
    const who = subject({ credentials: [held], ...later })
    const { state, page } = await begin(factor.prove, who)
    const proved = await finish(factor.prove, await played.prove(page), state, who)
    expect(proved.credential).to.equal('credential')
    if (proved.secret !== undefined) expect(factor.secret.parse(json(proved.secret))).to.deep.equal(json(proved.secret))
  })

  it('refuses a wrong answer with its code, beside its field, and says how many tries are left', async () => {
    const played = play()
    const who = subject({ credentials: [await enrolled(played)], ...later, left: 3 })
    const { state, page } = await begin(factor.prove, who)
    const answer = await played.wrong(page)
    const fault = await problem(finish(factor.prove, answer, state, who))
    expect(fault).to.include({ code: played.code, status: 401 })
    expect(Object.keys(answer)).to.include(fault.field)
    expect(fault.values).to.deep.equal({ left: 3 })
  })

  it('refuses somebody who holds nothing as it refuses a wrong answer, and hashes as often', async () => {
    const played = play()
    const known = subject({ credentials: [await enrolled(played)], ...later })
    const nobody = subject({ account: undefined, ...later })
    const wrongly = async (who: Subject<unknown>) => {
      const { state } = await begin(factor.prove, who)
      // A device asks for its passkey by its own list, whoever was named.
      const answer = await played.wrong({ options: { challenge: 'AAAA', rpId: new URL(issuer).hostname } })
      const before = own.hashes.count
      const { code, field, status, values } = await problem(finish(factor.prove, answer, state, who))
      return { code, field, status, values, hashes: own.hashes.count - before }
    }
    expect(await wrongly(nobody)).to.deep.equal(await wrongly(known))
    expect((await wrongly(nobody)).hashes).to.equal(factor.id === 'password' ? 1 : 0)
  })

  it('shows somebody who holds nothing as much as anybody', async () => {
    const held = await enrolled(play())
    const known = await begin(factor.prove, subject({ credentials: [held], ...later }))
    const nobody = await begin(factor.prove, subject({ account: undefined, ...later }))
    expect(Object.keys(nobody.page)).to.deep.equal(Object.keys(known.page))
  })

  const replayed = plays(own)[factor.id]?.replayed
  if (replayed) {
    it('never takes a proof twice', async () => {
      const played = play()
      const held = await enrolled(played)
      const who = subject({ credentials: [held], ...later })
      const { state, page } = await begin(factor.prove, who)
      const answer = await played.prove(page)
      const { secret } = await finish(factor.prove, answer, state, who)
      const again = subject({ credentials: [{ ...held, secret: json(secret) }], ...later })
      expect((await problem(finish(factor.prove, answer, state, again))).code).to.equal(replayed)
    })
  }

  it('meets whatever is posted with a Problem', async () => {
    const played = play()
    const held = await enrolled(played)
    const who = subject({ credentials: [held], ...later })
    const proving = await begin(factor.prove, who)
    const enrolling = await begin(factor.enrol, subject(), played.asked)
    const survives = async (act: () => Promise<unknown>) => {
      try {
        await act()
      } catch (fault) {
        if (!(fault instanceof Problem)) throw fault
      }
    }
    await fc.assert(
      fc.asyncProperty(hostile, async answer => {
        const proof = finish(factor.prove, answer, proving.state, who)
        expect(await problem(proof)).to.be.instanceOf(Problem)
        await survives(() => finish(factor.enrol, answer, enrolling.state, subject()))
        await survives(() => begin(factor.enrol, subject(), answer as never))
        const named = factor.prove.answer.safeParse(answer)
        if (named.success) expect(Object.values(factor.prove.names?.(named.data) ?? {})).to.not.include(undefined)
      }),
      { numRuns: 80, seed: 4 },
    )
  })
}
