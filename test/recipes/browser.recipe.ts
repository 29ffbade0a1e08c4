import { expect } from 'chai'
import { launch } from '../support/browser.ts'
import { signUp, somebody } from '../support/people.ts'
import { recipe } from './recipe.ts'

describe('apps in the browser', () => {
  recipe('oidc-client-ts', { kind: 'npm', start: ['node', 'server.js'] }, async ({ latchkey, url }) => {
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
    const context = await (await launch()).newContext()
    try {
      // Their session goes along into a browser with scripts.
      const cookies = await person.browser.cookies.getCookies(latchkey.issuer)
      const own = cookies.map(({ key: name, value }) => ({ name, value, url: latchkey.issuer, httpOnly: true }))
      await context.addCookies(own)
      const page = await context.newPage()
      const faults: string[] = []
      page.on('pageerror', fault => faults.push(String(fault)))
      page.on('console', said => said.type() === 'error' && faults.push(said.text()))

      await page.goto(url)
      await page.click('#login')
      await page.locator('#who', { hasText: person.email }).waitFor()
      expect(page.url()).to.equal(`${url}/`)
      await page.click('#refresh')
      await page.locator('#who', { hasText: `${person.email}, refreshed` }).waitFor()

      // It sends the ID token as a hint, so nobody is asked.
      await page.click('#logout')
      await page.locator('#who', { hasText: 'Nobody' }).waitFor()
      expect(page.url()).to.equal(`${url}/`)
      expect(faults).to.deep.equal([])
    } finally {
      await context.close()
    }
  })
})
