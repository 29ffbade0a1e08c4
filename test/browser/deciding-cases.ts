import { expect } from 'chai'
import type { Response } from 'playwright-core'
import { identityAt } from '../support/identity.ts'
import type { Running } from '../support/latchkey.ts'
import { type Keyboard, keyboard } from './keyboard.ts'
import { openToEverybody, sees, type Visitor } from './visitor.ts'

/** What staff do about identity checks in their browsers by keyboard alone, at one Latchkey. */
export function casesAt(latchkey: Running) {
  const of = identityAt(latchkey)

  /** One of the staff opens the identity checks from their account, with the passkey on the device in their hand, by keyboard alone. */
  const arrives = async (who: Visitor): Promise<Keyboard> => {
    const hands = keyboard(who)
    const main = who.page.getByRole('main')
    await hands.enter(who.page.getByRole('link', { name: 'Staff area' }))
    await sees(who, 'Use your passkey')
    await hands.enter(main.getByRole('button', { name: 'Use a passkey' }))
    await sees(who, 'Staff')
    await hands.enter(main.getByRole('link', { name: 'Identity checks' }))
    await sees(who, 'Identity checks')
    return hands
  }
  const lines = async ({ page }: Visitor, list: string) =>
    (await page.locator(`section[aria-labelledby=${list}] li`).allInnerTexts()).map(each => each.replace(/\s+/g, ' '))
  const opens = async (who: Visitor, hands: Keyboard, number: string) => {
    await hands.enter(who.page.getByRole('main').getByRole('link', { name: number }))
    await sees(who, 'Identity check')
  }
  /** What an email to this member of the staff said, of all that waits for them. */
  const news = async (email: string, subject: string) => {
    await latchkey.sweep()
    const mail = (await latchkey.outbox(email)).find(each => each.subject === subject)
    expect(mail?.link, subject).to.equal(`${latchkey.issuer}/admin/recovery`)
    return mail?.text
  }

  /** Looks at both documents side by side, closer and turned; they are drawn in the page and nowhere else. */
  const examines = async (who: Visitor, hands: Keyboard) => {
    const { page } = who
    const answers: Response[] = []
    page.on('response', answer => void (/\/documents\/./.test(answer.url()) && answers.push(answer)))
    page.on('download', () => who.complaints.push('a download'))
    await hands.enter(page.getByRole('link', { name: 'View the documents' }))
    await sees(who, 'Documents')
    const papers = [1, 2].map(at => page.getByRole('region', { name: `Document ${at}` }))
    const [first, second] = await Promise.all(papers.map(each => each.getByRole('img').boundingBox()))
    expect([first?.y, (first?.x ?? 0) + (first?.width ?? 0) <= (second?.x ?? 0)]).to.deep.equal([second?.y, true])
    expect(answers).to.have.length(2)
    for (const answer of answers) {
      const { 'content-disposition': how, ...headers } = await answer.allHeaders()
      expect(how).to.match(/^inline/)
      expect(headers).to.include({
        'cache-control': 'no-store',
        'content-security-policy': "sandbox; default-src 'none'",
      })
    }
    expect(await page.locator('.viewer a').count()).to.equal(0)
    const [paper] = papers
    if (!paper) return
    const drawn = () =>
      page.evaluate(`(() => {
        const picture = document.querySelector('.viewer img')
        return [picture.naturalWidth, getComputedStyle(picture).rotate]
      })()`)
    expect(await drawn()).to.deep.equal([40, 'none'])
    await hands.reach(paper.getByLabel('0°', { exact: true }))
    await page.keyboard.press('ArrowRight')
    expect(await drawn()).to.deep.equal([40, '90deg'])
    await openToEverybody(who)
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('ArrowRight')
    expect(await paper.getByLabel('200%').isChecked()).to.equal(true)
    const closer = await paper.getByRole('img').boundingBox()
    expect(closer?.width).to.be.closeTo((first?.width ?? 0) * 2, 2)
    // What is larger than its pane is scrolled to.
    await hands.reach(paper.locator('.pane'))
    await page.keyboard.press('ArrowRight')
    const scrolled = () => page.evaluate("document.querySelector('.viewer .pane').scrollLeft > 0")
    await of.until('the picture to move', async () => ((await scrolled()) ? true : undefined))
    await openToEverybody(who)
    await hands.enter(page.getByRole('link', { name: 'Back to the case' }))
    await sees(who, 'Identity check')
  }

  /** Approves the case that is open; the reason stays where something was not ticked. */
  const approves = async (who: Visitor, hands: Keyboard, number: string) => {
    const approve = who.page.getByRole('button', { name: 'Approve' })
    const typed = who.page.getByLabel('Reason')
    await hands.write(typed, 'The photo and the name fit.')
    await hands.enter(approve)
    await who.page.getByRole('alert').getByText('Tick everything').waitFor()
    await openToEverybody(who)
    for (const each of await who.page.getByRole('main').getByRole('checkbox').all()) await hands.tick(each)
    expect(await typed.inputValue()).to.equal('The photo and the name fit.')
    await hands.enter(approve)
    await who.page.getByRole('status').getByText(`You approved case ${number}.`).waitFor()
    await sees(who, 'Identity checks')
  }

  return { arrives, lines, opens, news, examines, approves }
}
