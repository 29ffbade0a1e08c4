import { expect } from 'chai'
import { documentsDeclaration } from '../../src/account-recovery/identity-documents.ts'
import { type Clerk, file, heic, identityAt, jpeg, passport, pdf, png, webp } from '../support/identity.ts'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { somebody } from '../support/people.ts'

const hour = 3_600_000

describe('whoever asks for an identity check', () => {
  const latchkey = whileTesting(startLatchkey)
  const of = identityAt(latchkey)
  let grace: Clerk
  before(async () => {
    grace = await of.clerk()
  })

  const inStore = (number: string) => latchkey.store.collection(documentsDeclaration).find({ case: number })

  it('is told nothing by a case without an account that one with an account would not say', async () => {
    const ada = await of.at.joined()
    const nobody = somebody().email
    const stranger = somebody().email
    const shape = ({ status, html, headers, trail }: Page, ...words: string[]) => [
      status,
      words
        .reduce((text, word) => text.replaceAll(word, '…'), html)
        .replace(/[\w-]{43}/g, '•')
        .replace(/\d{4}-\d{4}-\d{4}/g, '#'),
      [...headers.keys()].sort(),
      trail.map(each => each.replace(/[\w-]{43}/g, '•')),
    ]
    // By a stranger who owns a mailbox, and asks about both.
    const pages = []
    for (const email of [ada.email, nobody]) {
      const browser = jar()
      const asked = await (await browser.get(`${latchkey.issuer}/recover/identity`)).submit({
        email,
        contact: stranger,
      })
      const form = await browser.get(
        (
          await of.mailed(
            stranger,
            '/recover/identity/',
            pages.flatMap(each => each.links),
          )
        ).link ?? '',
      )
      const refused = await form.submit({ story: '', documents: passport() })
      const sent = await form.submit({ story: 'Lost.', documents: passport() })
      const number = of.numberOn(sent)
      await of.queued(grace, number)
      const status = await browser.get(sent.url)
      const page = await grace.open(`/admin/recovery/${number}`)
      expect(page.text.includes('There is no account with this email address')).to.equal(email === nobody)
      const approve = await grace.decide(number, email === nobody ? 'approve' : 'refuse')
      if (email === nobody) {
        expect(approve.status).to.equal(409)
        await grace.decide(number, 'refuse')
      }
      const closed = await browser.get(sent.url)
      expect(closed.text).to.contain('closed')
      const links = (await latchkey.outbox(stranger)).flatMap(each => each.link ?? [])
      pages.push({
        shapes: [asked, form, refused, sent, status, closed].map(each => shape(each, email, stranger)),
        links,
      })
    }
    expect(pages[1]?.shapes).to.deep.equal(pages[0]?.shapes)
    // The mails alike, too.
    const mails = (await latchkey.outbox(stranger)).map(each => [
      each.subject.replace(/\d{4}-\d{4}-\d{4}/, '#'),
      each.text.length,
    ])
    expect(mails.slice(0, mails.length / 2)).to.deep.equal(mails.slice(mails.length / 2))
    // Stopped by the owner or refused by the staff: whoever asked is not told which.
    const page = await of.send(ada.email, stranger)
    await of.until('its own link', async () => {
      for (const { link = '' } of await latchkey.outbox(ada.email)) {
        const stop = link.includes('/recover/cancel/') ? await jar().get(link) : undefined
        if (stop?.text.includes(of.numberOn(page))) return stop.submit()
      }
      return undefined
    })
    const stopped = await jar().get(page.url)
    expect(shape(stopped, stranger)[1]).to.equal(pages[0]?.shapes[5]?.[1])
  })

  it('keeps the story where all files together are far too large, and where too much was sent, in words', async () => {
    latchkey.clock.pass(2 * hour)
    const ada = await of.at.joined()
    await of.ask(ada.email)
    const { link = '' } = await of.mailed(ada.email, '/recover/identity/')
    const form = await jar().get(link)
    const story = 'Mein Telefon und mein Rechner wurden gestohlen. 電話をなくしました。'
    const large = file(jpeg(33 * 1024 * 1024), 'passport.jpg', 'image/jpeg')
    for (let each = 0; each < 10; each += 1) {
      const documents = each === 0 ? large : file(pdf(), 'letter.pdf', 'application/pdf')
      const page = await form.submit({ story, documents })
      expect(page.status).to.equal(each === 0 ? 413 : 422)
      expect(page.find('[name=story]')?.text).to.equal(story)
      if (each === 0)
        expect(page.find('#documents-error')?.text).to.match(/^Your files are too large. Send up to three/)
    }
    const page = await form.submit({ story, documents: passport() })
    expect([page.status, page.find('[name=story]')?.text]).to.deep.equal([429, story])
    latchkey.clock.pass(2 * hour)
  })

  it('goes on with the case that runs when they ask again, and is rationed', async () => {
    const ada = await of.at.joined()
    const page = await of.send(ada.email)
    const again = await of.ask(ada.email)
    expect(of.numberOn(again)).to.equal(of.numberOn(page))
    const other = jar()
    for (let time = 0; time < 8; time++) {
      const asked = await (await other.get(`${latchkey.issuer}/recover/identity`)).submit({ email: ada.email })
      if (asked.status === 429) return expect(Number(asked.headers.get('retry-after'))).to.be.above(0)
    }
    expect.fail('never told to slow down')
  })

  it('gets a link to the account’s own mailbox, however often strangers asked about it', async () => {
    latchkey.clock.pass(2 * hour)
    const ada = await of.at.joined()
    for (let time = 0; time < 10; time++) {
      const page = await jar().get(`${latchkey.issuer}/recover/identity`)
      expect((await page.submit({ email: ada.email, contact: `stranger${time}@example.com` })).status).to.equal(200)
    }
    latchkey.clock.pass(2 * hour)
    const eleventh = await jar().get(`${latchkey.issuer}/recover/identity`)
    expect((await eleventh.submit({ email: ada.email, contact: 'stranger10@example.com' })).status).to.equal(429)
    expect((await of.ask(ada.email)).status).to.equal(200)
    latchkey.clock.pass(2 * hour)
  })

  it('opens nothing with the number of a case', async () => {
    const ada = await of.at.joined()
    const page = await of.send(ada.email)
    const number = of.numberOn(page)
    for (const path of ['identity', 'cancel', 'afresh'])
      expect((await jar().get(`${latchkey.issuer}/recover/${path}/${number}`)).status).to.equal(410)
    expect((await grace.open('/admin/recovery/0000-0000-0000')).status).to.equal(404)
    const other = jar()
    await other.get(`${latchkey.issuer}/sign-in`)
    expect((await other.get(page.url.replace(/.$/, end => (end === 'A' ? 'B' : 'A')))).status).to.equal(410)
    // A link of one kind is none of another.
    const bearer = page.url.split('/').at(-1)
    for (const path of ['recover/cancel', 'recover/afresh', 'reset', 'not-me', 'confirm'])
      expect((await jar().get(`${latchkey.issuer}/${path}/${bearer}`)).status).to.equal(410)
  })

  it('begins in English or German, without scripts, and is told what is wrong beside the field', async () => {
    latchkey.clock.pass(hour)
    const browser = jar({ 'accept-language': 'de' })
    let page = await browser.get(`${latchkey.issuer}/recover/identity`)
    expect(page.h1).to.equal('Identitätsprüfung')
    page = await page.submit({ email: 'not an address' })
    expect(page.status).to.equal(422)
    expect(page.find('#email-error')?.text).to.contain('E-Mail')
    page = await page.submit({ email: somebody().email, contact: 'nor this' })
    expect(page.status).to.equal(422)
    expect(page.find('#contact-error')?.text).to.contain('E-Mail')
    const form = await of.ask((await of.at.joined()).email)
    const wrong: [string, File, string, number][] = [
      ['', passport(), '#story-error', 422],
      ['Lost.', file(jpeg(10 * 1024 * 1024 + 1), 'x.jpg', 'image/jpeg'), '#documents-error', 413],
    ]
    for (const [story, documents, field, status] of wrong) {
      page = await form.submit({ story, documents })
      expect(page.status).to.equal(status)
      expect(page.find(field)?.text).to.not.equal('')
      expect(page.find('textarea')?.text).to.equal(story)
    }
    expect(form.find('#documents')?.attributes.accept).to.equal('image/jpeg,image/png')
    expect(form.find('#documents-hint')?.text).to.contain('If you only have a PDF, take a screenshot')
    const others = [
      file(Buffer.alloc(0), 'empty.jpg', 'image/jpeg'),
      file(pdf(), 'passport.pdf', 'application/pdf'),
      file(pdf(), 'photo.png', 'image/png'),
      file(heic(), 'IMG_0042.HEIC', 'image/heic'),
      file(heic(), 'IMG_0042.jpg', 'image/jpeg'),
      file(webp(), 'card.webp', 'image/webp'),
      file(jpeg(), 'card.pdf', 'application/pdf'),
      file(Buffer.from('<html>'), 'x.png', 'image/png'),
    ]
    // Sending is rationed.
    latchkey.clock.pass(hour)
    for (const documents of others) {
      page = await form.submit({ story: 'Lost.', documents })
      expect([page.status, page.alerts.length], documents.name).to.deep.equal([422, 1])
      expect(page.find('#documents-error')?.text).to.contain('JPEG or PNG').and.contain('take a screenshot')
      expect(page.find('#documents')?.attributes).to.include({ 'aria-invalid': 'true' })
      expect(page.find('textarea')?.text).to.equal('Lost.')
    }
    page = await form.submit({ story: 'Lost.', documents: file(png(), 'card.png', 'image/png') })
    // What was refused before left nothing behind.
    expect(await inStore(of.numberOn(page))).to.have.length(1)
    expect((await form.submit({ story: 'Lost.', documents: passport() })).status).to.equal(409)
  })
})
