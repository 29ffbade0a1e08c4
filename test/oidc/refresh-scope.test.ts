import { expect } from 'chai'
import { ResponseBodyError } from 'openid-client'
import { browser, type Running, running } from '../support/provider.ts'

describe('the scope of a refresh', () => {
  let latchkey: Running
  before(async () => {
    latchkey = await running()
  })
  after(() => latchkey.close())

  it('may name offline_access, which a first-party app was not granted, and nothing else beyond the grant', async () => {
    const app = await latchkey.app('trading')
    const tokens = await app.signIn(browser(), { scope: 'openid email offline_access' })
    expect(tokens.scope).to.equal('openid email')
    const answer = await app.refresh(tokens.refresh_token, { scope: 'openid email offline_access' })
    expect(answer.scope).to.equal('openid email')
    const again = await app.refresh(answer.refresh_token, { scope: 'offline_access' })
    expect(again.scope).to.equal('openid email')
    const more = app.refresh(again.refresh_token, { scope: 'openid phone offline_access' })
    const fault = await more.catch(each => each)
    expect(fault).to.be.instanceOf(ResponseBodyError)
    expect(fault.error).to.equal('invalid_scope')
  })
})
