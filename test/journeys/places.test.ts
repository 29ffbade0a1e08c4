import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { writeMmdb } from '../support/mmdb.ts'
import { signUp, somebody } from '../support/people.ts'

describe('places from an operator’s own file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-geoip-'))
  let latchkey: Running
  before(async () => {
    const file = join(folder, 'cities.mmdb')
    writeMmdb(file, { '193.171.23.0/24': { country: { iso_code: 'AT' }, city: { names: { en: 'Vienna' } } } })
    const environment = { LATCHKEY_GEOIP: file, LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' }
    latchkey = await startLatchkey({ environment })
  })
  after(async () => {
    await latchkey.stop()
    rmSync(folder, { recursive: true })
  })

  it('are named by their city among the sessions and in mails', async () => {
    const ada = somebody({ 'x-forwarded-for': '193.171.23.1' })
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
    const page = await ada.browser.get(`${latchkey.issuer}/account/sessions`)
    expect(page.find('.session')?.text).to.contain('Vienna, Austria')
    await ada.browser.post(`${latchkey.issuer}/account/security/phrase`, { phrase: 'blue heron' })
    const [mail] = await latchkey.outbox(ada.email)
    expect(mail?.text).to.contain('Vienna, Austria')
  })
})
