import { expect } from 'chai'
import type { Locator } from 'playwright-core'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { codeSentTo } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { keyboard } from './keyboard.ts'
import { openToEverybody, signedIn, type Visitor, visit } from './visitor.ts'

/** Uses a page with the keyboard alone or, where scripts are off and nothing says when a page can be typed at, as anybody does. */
function handsOf(who: Visitor, scripts: boolean) {
  const hands = keyboard(who)
  if (scripts)
    return {
      ...hands,
      // Month, day and year each have a place of their own in the field.
      date: async (field: Locator, at: Date) => {
        const [year = '', month = '', day = ''] = at.toISOString().slice(0, 10).split('-')
        await hands.reach(field)
        await who.page.keyboard.type(`${month}${day}${year}`)
      },
    }
  return {
    enter: (wanted: Locator) => wanted.click(),
    tick: (wanted: Locator) => wanted.check(),
    write: (field: Locator, text: string) => field.fill(text),
    send: async (field: Locator, text: string) => {
      await field.fill(text)
      await field.press('Enter')
    },
    find: async (list: Locator, entry: string) => void (await list.selectOption(entry)),
    date: (field: Locator, at: Date) => field.fill(at.toISOString().slice(0, 10)),
  }
}

describe('in a browser, what succeeded is said once, where it happened', function () {
  this.timeout(120_000)
  const latchkey = whileTesting(startLatchkey)
  const at = securityAt(latchkey)

  for (const scripts of [true, false]) {
    const how = scripts ? 'by keyboard alone' : 'without scripts'
    const story = (path: string, tell: (act: Awaited<ReturnType<typeof begin>>) => Promise<void>) => () =>
      visit(async who => tell(await begin(who, path)), { javaScriptEnabled: scripts })
    /** Somebody with a phone and an API key, at this page of their account. */
    const begin = async (who: Visitor, path: string) => {
      const person = await at.joined()
      await at.addPhone(person)
      await (await at.open(person, '/account/api-keys')).submit({ name: 'Night bot', scope: ['read'] }, 'Create key')
      await signedIn(who, person, latchkey.issuer)
      await who.page.goto(`${latchkey.issuer}${path}`)
      const { page } = who
      const button = (name: string) => page.getByRole('button', { name, exact: true })
      const said = async (words: string) => {
        await page.getByRole('status').filter({ hasText: words }).waitFor()
        expect(await page.getByRole('status').count()).to.equal(1)
        if (scripts) await openToEverybody(who)
      }
      return {
        ...{ person, page, said, button, hands: handsOf(who, scripts) },
        /** Where it was done, and once. */
        once: async (words: string, where: string) => {
          await said(words)
          expect(new URL(page.url()).pathname).to.equal(where)
          await page.reload()
          expect(await page.getByRole('status').count()).to.equal(0)
        },
        line: (name: string) => page.locator('section[aria-labelledby=held] li.line').filter({ hasText: name }),
      }
    }

    it(
      `of what is added, named, asked for first, made anew and removed, ${how}`,
      story('/account/security', async ({ person, page, hands, said, once, line, button }) => {
        const text = line('Codes sent to your phone')
        await hands.enter(text.locator('summary'))
        await hands.send(text.locator('input[name=name]'), 'Work phone')
        await said('The new name is “Work phone”.')
        await hands.enter(button('Undo'))
        await once('The new name is “Text message”.', '/account/security')

        await hands.enter(text.getByRole('button', { name: 'Ask for this first' }))
        await once('we ask for “Text message” first', '/account/security')
        await hands.enter(text.getByRole('button', { name: 'Remove' }))
        await hands.enter(page.locator('[data-confirm]'))
        await once('“Text message” was removed.', '/account/security')

        await hands.enter(page.locator('button[data-factor=sms]'))
        await hands.send(page.locator('input[name=phone]'), person.phone)
        const code = page.locator('form[data-code] input[name=code]')
        await code.waitFor()
        const digits = await codeSentTo(latchkey, person.phone)
        await (scripts ? hands.write(code, digits) : hands.send(code, digits))
        await once('phone number is confirmed', '/account/security')

        await hands.enter(line('Recovery codes').locator('button[data-factor=recovery-code]'))
        const saved = page.getByLabel('I have saved these codes somewhere safe')
        await saved.waitFor()
        latchkey.keepOut(...(await page.locator('[data-recovery-code]').allTextContents()))
        await hands.tick(saved)
        await hands.enter(button('Continue'))
        await once('recovery codes are ready', '/account/security')
      }),
    )

    it(
      `of alerts, rules and travel, ${how}`,
      story('/account/security', async ({ page, hands, said, once, button }) => {
        const phrase = page.locator('input[name=phrase]')
        await hands.send(phrase, 'blue heron')
        await said('anti-phishing phrase was saved')
        await hands.send(phrase, 'grey heron')
        await said('anti-phishing phrase was saved')
        await hands.enter(button('Undo'))
        await once('anti-phishing phrase was saved', '/account/security')
        expect(await phrase.inputValue()).to.equal('blue heron')
        await hands.enter(page.locator('button[name=texts]'))
        await once('You now get security alerts by text message', '/account/security')

        const rules = `${latchkey.issuer}/account/security/restrictions`
        await page.goto(rules)
        await hands.write(page.locator('textarea[name=addresses]'), '127.0.0.0/8\n::1')
        await hands.enter(page.locator('form[action="/account/security/restrictions"] button'))
        await said('Your sign-in rules were saved.')
        await hands.enter(button('Undo'))
        await once('Your sign-in rules were saved.', '/account/security')
        await page.locator('section[aria-labelledby=rules] .empty').waitFor()

        await page.goto(rules)
        await hands.find(page.locator('select[name=country]'), 'Austria')
        await hands.date(page.locator('input[name=until]'), new Date(latchkey.clock.now() + 86_400_000))
        await hands.enter(page.locator('form[action="/account/security/travel"] button'))
        await said('Your travel plans were saved.')
      }),
    )

    it(
      `of keys, sessions and the profile, ${how}`,
      story('/account/api-keys', async ({ person, page, hands, once, button }) => {
        for (const unfold of await page.locator('.keys summary').all()) await hands.enter(unfold)
        await hands.enter(page.locator('form[action$="/revoke"] button'))
        await hands.enter(page.locator('[data-confirm]'))
        await once('“Night bot” was revoked.', '/account/api-keys')

        await at.elsewhere(person)
        await page.goto(`${latchkey.issuer}/account/sessions`)
        await hands.enter(button('End'))
        await once('The session was ended.', '/account/sessions')

        await page.goto(`${latchkey.issuer}/account/profile`)
        await hands.send(page.locator('main input[name=name]'), 'Ada')
        await once('Your profile was saved.', '/account/profile')
      }),
    )
  }
})
