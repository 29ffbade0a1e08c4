import { expect } from 'chai'
import { signUp, somebody } from '../support/people.ts'
import { recipe } from './recipe.ts'
import { walk } from './walks.ts'

describe('programs in Go', () => {
  recipe('cap', { kind: 'go', start: ['bin/app'] }, app => walk(app, { refresh: false }))

  recipe('oauth2-device', { kind: 'go' }, async app => {
    const { latchkey } = app
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
    const program = app.begin(['bin/app'])
    const [, address = '', code = ''] = await program.until(/^Open (\S+) and enter (\S+)$/m)
    const asked = await (await person.browser.get(address)).submit({ user_code: code })
    expect(asked.text).to.contain('Recipe oauth2-device')
    expect((await asked.submit({}, 'Connect the device')).url).to.equal(`${latchkey.issuer}/device/connected`)
    const said = await program.ended()
    expect(said).to.contain(`Signed in: ${person.email}`)
    expect(said).to.contain(`Refreshed: true, ${person.email}`)
  })
})
