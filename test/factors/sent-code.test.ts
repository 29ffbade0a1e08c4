import { expect } from 'chai'
import type { Problem } from '../../src/errors.ts'
import { emailCode, smsCode } from '../../src/factors/sent-code.ts'
import { noon, problem, services, subject } from '../support/factors.ts'

const minute = 60_000

for (const { make, channel, field, typed, to, masked, invalid } of [
  {
    make: emailCode,
    channel: 'email',
    field: 'email',
    typed: ' Ada@Example.com ',
    to: 'ada@example.com',
    masked: 'a•••@example.com',
    invalid: 'invalid_email',
  },
  {
    make: smsCode,
    channel: 'sms',
    field: 'phone',
    typed: '0044 7700 900142',
    to: '+447700900142',
    masked: '••• 42',
    invalid: 'invalid_phone',
  },
] as const) {
  describe(`factors/sent-code, ${channel}`, () => {
    const own = services()
    const factor = make({ ...own.sealer, send: own.send })
    const held = (id = 'credential', where: string = to) =>
      subject<{ to: string }>({ credentials: [{ id, secret: { to: where } }] })
    const enrolling = async (who = subject<{ to: string }>(), asked: Record<string, unknown> = { [field]: typed }) => {
      const begun = await factor.enrol.begin?.(who, asked)
      if (!begun) throw new Error('nothing was begun')
      return { ...begun, code: own.sent.at(-1)?.code ?? '' }
    }
    const proving = async (who = held()) => {
      const begun = await factor.prove.begin?.(who, {})
      if (!begun) throw new Error('nothing was begun')
      return { ...begun, code: own.sent.at(-1)?.code ?? '' }
    }

    it('sends six digits, and what its message needs', async () => {
      await enrolling(subject({ locale: 'de' }))
      expect(own.sent.at(-1)).to.deep.include({
        channel,
        to,
        purpose: 'enrol',
        locale: 'de',
        expiresAt: noon + 10 * minute,
      })
      expect(own.sent.at(-1)?.code).to.match(/^\d{6}$/)
      await proving()
      expect(own.sent.at(-1)).to.deep.include({ channel, to, purpose: 'prove', expiresAt: noon + 10 * minute })
    })

    it('shows a destination in full to who typed it, and masked to who signs in, and when another may be sent', async () => {
      expect((await enrolling()).page).to.deep.equal({ to, resendAt: noon + minute / 2 })
      expect((await proving()).page).to.deep.equal({ to: masked, resendAt: noon + minute / 2 })
      expect(factor.hint?.({ to })).to.equal(masked)
    })

    it('reads what is asked in its one spelling, and leaves what is none to say so itself', () => {
      expect(factor.enrol.ask?.parse({ [field]: typed, other: 1 })).to.deep.equal({ [field]: to })
      expect(factor.enrol.ask?.parse({ [field]: 'rubbish' })).to.deep.equal({ [field]: 'rubbish' })
      expect(factor.enrol.ask?.safeParse({}).success).to.equal(false)
    })

    for (const asked of [{}, { [field]: '' }, { [field]: 'rubbish' }, { [field]: 7 }, { [field]: [to] }]) {
      it(`sends nothing to ${JSON.stringify(asked)}`, async () => {
        const before = own.sent.length
        const code = asked[field] === '' ? 'field_empty' : invalid
        expect(await problem(enrolling(subject(), asked))).to.include({ code, status: 422, field })
        expect(own.sent).to.have.lengthOf(before)
      })
    }

    it('remembers no code', async () => {
      const { state, page, code } = await enrolling()
      expect(JSON.stringify([state, page])).to.not.include(code)
    })

    it('verifiedContact for the destination that answered', async () => {
      const { state, code } = await enrolling()
      const { secret } = await factor.enrol.finish({ code: `${code.slice(0, 3)} ${code.slice(3)}` }, state, subject())
      expect(secret).to.deep.equal({ to })
      expect(factor.verifiedContact?.(secret)).to.deep.equal({ [field]: to })
    })

    if (channel === 'sms')
      it('vouches for no number that staff put in until a code there was right', async () => {
        const secret = { to, unproved: true }
        expect([factor.verifiedContact?.(secret), factor.unproved?.(secret)]).to.deep.equal([{}, to])
        const who = subject<typeof secret>({ credentials: [{ id: 'credential', secret }] })
        const { state, code } = await proving(who)
        const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
        expect((await problem(factor.prove.finish({ code: wrong }, state, who))).code).to.equal('wrong_code')
        const proved = await factor.prove.finish({ code }, state, who)
        expect(proved).to.deep.equal({ credential: 'credential', secret: { to } })
        expect(factor.unproved?.(proved.secret ?? secret)).to.equal(undefined)
      })

    it('refuses a wrong code, and one that is none', async () => {
      const { state, code } = await enrolling()
      const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
      const fault = await problem(factor.enrol.finish({ code: wrong }, state, subject({ left: 4 })))
      expect(fault).to.include({ code: 'wrong_code', status: 401, field: 'code' })
      expect(fault.values).to.deep.equal({ left: 4 })
      expect(await problem(factor.enrol.finish({ code: '12345' }, state, subject()))).to.include({
        code: 'invalid_code',
        field: 'code',
      })
    })

    it('takes the newest code only', async () => {
      const first = await proving()
      const second = await proving()
      if (first.code === second.code) return
      expect((await problem(factor.prove.finish({ code: first.code }, second.state, held()))).code).to.equal(
        'wrong_code',
      )
      expect(await factor.prove.finish({ code: second.code }, second.state, held())).to.deep.equal({
        credential: 'credential',
      })
    })

    it('binds a code to its purpose', async () => {
      const { state, code } = await enrolling()
      const moved = { ...state, credential: 'credential' }
      expect((await problem(factor.prove.finish({ code }, moved, held()))).code).to.equal('wrong_code')
    })

    it('binds a code to its destination', async () => {
      const { state, code } = await proving()
      const moved = { ...state, to: `${to}0` }
      expect((await problem(factor.prove.finish({ code }, moved, held('credential', `${to}0`)))).code).to.equal(
        'wrong_code',
      )
    })

    it('refuses a right code when the credential is another by now', async () => {
      const { state, code } = await proving()
      for (const who of [held('another'), held('credential', `${to}0`), subject<{ to: string }>()]) {
        expect((await problem(factor.prove.finish({ code }, state, who))).code).to.equal('wrong_code')
      }
    })

    it('sends nothing for a subject that is to be silent: the page is the same, and no code is right', async () => {
      const before = own.sent.length
      const { state, page } = await enrolling(subject<{ to: string }>({ silent: true }))
      expect(own.sent).to.have.lengthOf(before)
      expect(page).to.deep.equal({ to, resendAt: noon + minute / 2 })
      expect(Object.keys(state)).to.deep.equal(['to', 'digest'])
      expect(state.digest).to.have.lengthOf((await enrolling()).state.digest.length)
      for (const code of ['000000', '123456', own.sent.at(-1)?.code ?? '']) {
        expect((await problem(factor.enrol.finish({ code }, state, subject()))).code).to.equal('wrong_code')
      }
    })

    it('has no six digits behind a silent question, so that not even luck answers it', async () => {
      const hashed: string[] = []
      const blind: typeof own.sealer.blind = (content, context) => {
        hashed.push(content)
        return own.sealer.blind(content, context)
      }
      const watched = make({ blind, send: own.send })
      await watched.enrol.begin?.(subject({ silent: true }), { [field]: typed })
      await watched.prove.begin?.(subject<{ to: string }>(), {})
      expect(hashed).to.have.lengthOf(2)
      for (const content of hashed) expect(content).to.not.match(/"\d{6}"/)
    })

    it('sends nothing to somebody who holds nothing', async () => {
      const before = own.sent.length
      const { state, page } = await proving(subject<{ to: string }>())
      expect(own.sent).to.have.lengthOf(before)
      expect(page).to.deep.equal({ to: '•••', resendAt: noon + minute / 2 })
      expect((await problem(factor.prove.finish({ code: '000000' }, state, subject()))).code).to.equal('wrong_code')
    })

    it('fails when the message cannot be kept', async () => {
      const full = make({ ...own.sealer, send: () => Promise.reject(new Error('disk full')) })
      const fault = await full.enrol.begin?.(subject(), { [field]: typed }).catch(error => error)
      expect(fault).to.have.property('message', 'disk full')
    })
  })
}

describe('factors/sent-code, by country', () => {
  const own = services()
  const factor = smsCode({ ...own.sealer, send: own.send, countries: ['AT', 'DE'] })
  const sentTo = async (to: string) => {
    const before = own.sent.length
    const who = subject<{ to: string }>({ credentials: [{ id: 'credential', secret: { to } }] })
    const code = (begun: Promise<unknown> | undefined) =>
      begun?.then(
        () => undefined,
        (met: Problem) => met.code,
      )
    const enrol = await code(factor.enrol.begin?.(subject<{ to: string }>(), { phone: to }))
    const prove = await code(factor.prove.begin?.(who, {}))
    return [enrol, prove, own.sent.length - before]
  }

  it('asks for numbers of the countries that it was told, as they are dialled there', () => {
    expect(factor.countries?.()).to.have.deep.members([
      { code: 'AT', calling: '43' },
      { code: 'DE', calling: '49' },
    ])
    expect(smsCode({ ...own.sealer, send: own.send }).countries?.()).to.have.length.above(200)
    const read = (asked: object) => factor.enrol.ask?.parse(asked)
    expect(read({ phone: '0664 1234567', country: 'AT' })).to.deep.equal({ phone: '+436641234567' })
    expect(read({ phone: '+436641234567' })).to.deep.equal({ phone: '+436641234567' })
    expect(read({ phone: '0664 1234567' })).to.deep.equal({ phone: '0664 1234567' })
  })

  it('texts the countries that it was told, and no others, to enrol and to prove', async () => {
    expect(await sentTo('+436641234567')).to.deep.equal([undefined, undefined, 2])
    expect(await sentTo('+4915112345678')).to.deep.equal([undefined, undefined, 2])
    expect(await sentTo('+447700900142')).to.deep.equal(['phone_not_served', 'phone_not_served', 0])
    expect(await sentTo('+12025550123')).to.deep.equal(['phone_not_served', 'phone_not_served', 0])
  })
})
