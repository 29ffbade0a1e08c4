import { expect } from 'chai'
import { totp } from '../../src/factors/totp.ts'
import { totpAt } from '../support/codes.ts'
import { name, noon, problem, subject } from '../support/factors.ts'

const step = 30_000
const known = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('factors/totp', () => {
  const factor = totp({ name })
  const at = (now: number, used = 0, id = 'credential') =>
    subject({ now, credentials: [{ id, secret: { secret: known, step: used } }] })
  const prove = (code: string, who = at(noon)) => factor.prove.finish({ code }, null, who)

  it('shows what RFC 6238, appendix B, shows', async () => {
    expect(totpAt(known, 59_000)).to.equal('287082')
    expect(totpAt(known, 1_111_111_109_000)).to.equal('081804')
    const { secret } = await prove('081804', at(1_111_111_109_000))
    expect(secret?.step).to.equal(37_037_036)
  })

  it('makes 160 bits, as text, as an address for apps and as a picture', async () => {
    const { state, page = {} } = (await factor.enrol.begin?.(subject(), {})) ?? {}
    expect(state?.secret).to.match(/^[A-Z2-7]{32}$/)
    expect(page.secret).to.equal(state?.secret)
    const uri = new URL(String(page.uri))
    expect(decodeURIComponent(uri.pathname)).to.equal('/Latchkey:ada@example.com')
    expect(uri.protocol + uri.host).to.equal('otpauth:totp')
    expect(Object.fromEntries(uri.searchParams)).to.include({ secret: state?.secret, issuer: 'Latchkey' })
  })

  it('draws the picture so that a strict content security policy and a screen reader take it', async () => {
    const { page = {} } = (await factor.enrol.begin?.(subject({ email: '"><script>@example.com' }), {})) ?? {}
    expect(page.qr)
      .to.be.a('string')
      .that.matches(/^<svg [^>]*viewBox="0 0 \d+ \d+"[^>]*role="img"[^>]*><title>QR code<\/title>/)
      .and.includes('currentColor')
      .and.not.matches(/style=|<script|onload/)
  })

  it('makes another secret each time', async () => {
    const made = await Promise.all([1, 2].map(() => factor.enrol.begin?.(subject(), {})))
    expect(made[0]?.state.secret).to.not.equal(made[1]?.state.secret)
  })

  it('is enrolled by a code, which is spent by that', async () => {
    const code = totpAt(known, noon)
    const { secret } = await factor.enrol.finish({ code }, { secret: known }, subject())
    const fault = await problem(prove(code, subject({ credentials: [{ id: 'credential', secret }] })))
    expect(fault).to.include({ code: 'code_spent', status: 401, field: 'code' })
  })

  it('is not enrolled by a wrong code', async () => {
    const code = totpAt(known, noon + 5 * step)
    const fault = await problem(factor.enrol.finish({ code }, { secret: known }, subject({ left: 2 })))
    expect(fault).to.include({ code: 'wrong_code', field: 'code' })
    expect(fault.values).to.deep.equal({ left: 2 })
  })

  for (const drift of [-1, 0, 1]) {
    it(`takes a code of step ${drift}`, async () => {
      const { credential, secret } = await prove(totpAt(known, noon + drift * step))
      expect(credential).to.equal('credential')
      expect(secret?.step).to.equal(Math.floor(noon / step) + drift)
    })
  }

  for (const drift of [-2, 2]) {
    it(`refuses a code of step ${drift}`, async () => {
      expect((await problem(prove(totpAt(known, noon + drift * step)))).code).to.equal('wrong_code')
    })
  }

  it('drifts by whole steps, wherever in a step it is asked', async () => {
    const start = Math.floor(noon / step) * step
    for (const now of [start, start + step - 1]) {
      expect((await problem(prove(totpAt(known, start - step - 1), at(now)))).code).to.equal('wrong_code')
      expect((await prove(totpAt(known, start - 1), at(now))).credential).to.equal('credential')
      expect((await prove(totpAt(known, start + step), at(now))).credential).to.equal('credential')
      expect((await problem(prove(totpAt(known, start + 2 * step), at(now)))).code).to.equal('wrong_code')
    }
  })

  it('refuses a step before the one that was used', async () => {
    const used = Math.floor(noon / step) + 1
    for (const drift of [-1, 0, 1]) {
      expect((await problem(prove(totpAt(known, noon + drift * step), at(noon, used)))).code).to.equal('code_spent')
    }
  })

  it('takes spaces, hyphens and full-width digits', async () => {
    const code = totpAt(known, noon)
    const wide = [...code].map(digit => String.fromCodePoint(0xff10 + Number(digit))).join('')
    for (const typed of [
      `${code.slice(0, 3)} ${code.slice(3)}`,
      ` ${code}\n`,
      `${code.slice(0, 3)}-${code.slice(3)}`,
      wide,
    ]) {
      expect((await prove(typed)).credential).to.equal('credential')
    }
  })

  for (const typed of ['', '12345', '1234567', 'abcdef', '一二三四五六', '12e456', '-12345.']) {
    it(`calls ${JSON.stringify(typed)} no code`, async () => {
      expect(await problem(prove(typed))).to.include({ code: 'invalid_code', status: 422, field: 'code' })
      expect((await problem(factor.enrol.finish({ code: typed }, { secret: known }, subject()))).code).to.equal(
        'invalid_code',
      )
    })
  }

  it('takes the code of either of two authenticators', async () => {
    const other = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const both = subject({
      credentials: [
        { id: 'old', secret: { secret: known, step: 0 } },
        { id: 'new', secret: { secret: other, step: 0 } },
      ],
    })
    expect((await prove(totpAt(other, noon), both)).credential).to.equal('new')
    expect((await prove(totpAt(known, noon), both)).secret?.secret).to.equal(known)
  })
})
