import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { credentials } from '../../src/accounts/credential.ts'
import { kindsDeclaration } from '../../src/accounts/password-kinds.ts'
import { sessionsDeclaration } from '../../src/accounts/session.ts'
import { peopleImport } from '../../src/admin/people-import.ts'
import { kindOf } from '../../src/crypto/foreign-hash.ts'
import { pepperOf } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import { audit } from '../../src/observers/audit.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { password, secret } from '../support/exports.ts'
import { jar, type Page } from '../support/jar.ts'
import { journeySecret, type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, somebody } from '../support/people.ts'
import { bcrypt } from '../support/people-store.ts'

const hour = 3_600_000
const sealer = sealerOf(keyring([journeySecret]))

describe('people who were imported', () => {
  let latchkey: Running
  let folder: string
  before(async () => {
    latchkey = await startLatchkey()
    folder = mkdtempSync(join(tmpdir(), 'latchkey-moving-'))
  })
  after(async () => {
    await latchkey.stop()
    rmSync(folder, { recursive: true })
  })

  /** Imports one person while Latchkey serves. */
  const moved = async (more: object) => {
    const person = { ...somebody(), password, secret }
    const { store, clock } = latchkey
    const path = join(folder, 'people.jsonl')
    const id = person.email.replace('@', '.')
    writeFileSync(
      path,
      JSON.stringify({ id, email: person.email, email_verified: true, password_hash: bcrypt, ...more }),
    )
    const reading = {
      ...{ rpId: 'localhost', keepIds: true, now: clock.now() },
      ...{ pepper: () => true, language: () => 'en', zone: () => true },
      ...{ attribute: () => undefined, role: () => false },
    }
    const emit = recorder([audit({ store })], clock.now, fault => expect.fail(String(fault)))
    const source = { path, layout: { kind: 'lines' }, format: 'latchkey', told: {}, ignore: new Set<string>() } as const
    const counts = await peopleImport({ store, sealer, reading, emit, now: clock.now }).write(source, id, {
      fault: ({ field, what }) => expect.fail(`${field} ${what}`),
    })
    expect(counts.people).to.equal(1)
    return { ...person, id }
  }
  type Moved = Awaited<ReturnType<typeof moved>>
  const account = async ({ id }: Moved) => (await accounts(latchkey.store).get(id)) ?? expect.fail()
  const hashOf = async ({ id }: Moved): Promise<string> => {
    const held = await credentials({ store: latchkey.store, sealer, now: latchkey.clock.now }).of(id)
    const password = held.find(({ factor }) => factor === 'password') ?? expect.fail('no password')
    return (password.secret as { hash: string }).hash
  }
  const acrOf = async ({ id }: Moved) => {
    const found = await latchkey.store.collection(sessionsDeclaration).find({ account: id }, { limit: 10 })
    return found.sort((a, b) => b.startedAt - a.startedAt)[0]?.acr
  }
  const start = async ({ email, browser }: Moved, typed = password): Promise<Page> =>
    (await browser.get(`${latchkey.issuer}/sign-in`)).submit({ email, password: typed })
  /** Sets up an authenticator and recovery codes. */
  const setUp = async (person: Moved, page: Page): Promise<Page> => {
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? expect.fail(page.text)
    latchkey.keepOut(person.secret)
    const codes = await page.submit({ code: authenticatorCode(latchkey, person) })
    expect(codes.all('[data-recovery-code]')).to.have.length(10)
    latchkey.keepOut(...codes.all('[data-recovery-code]').map(each => each.text))
    return codes.submit({ saved: true })
  }

  it('sign in with their old password and a mailed code, set up a second factor, and have a hash of ours from then on', async () => {
    const ada = await moved({})
    expect(await hashOf(ada)).to.equal(bcrypt)
    expect((await start(ada, 'plum anchor viola')).status).to.equal(401)
    expect(await hashOf(ada)).to.equal(bcrypt)
    let page = await start(ada)
    expect(page.h1).to.equal('Enter the code we emailed you')
    expect(pepperOf(await hashOf(ada))).to.be.a('string')
    page = await page.submit({ code: await codeSentTo(latchkey, ada.email) })
    // Nobody is in before it is set up.
    expect((await ada.browser.get(`${latchkey.issuer}/account`)).url).to.include('/sign-in')
    page = await setUp(ada, page)
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await acrOf(ada)).to.equal('mfa')
    expect(await account(ada)).to.not.have.property('unguarded', true)
    // From then on as everybody: less than aal2 until the hold is over, and aal2 afterwards.
    ada.browser = jar()
    page = await (await start(ada)).submit({ code: authenticatorCode(latchkey, ada) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await acrOf(ada)).to.equal('mfa')
    latchkey.clock.pass(25 * hour)
    ada.browser = jar()
    await (await start(ada)).submit({ code: authenticatorCode(latchkey, ada) })
    expect(await acrOf(ada)).to.equal('aal2')
  })

  it('have aal2 at once where their authenticator came along', async () => {
    const bob = await moved({ totp: [{ secret }] })
    const page = await (await start(bob)).submit({ code: authenticatorCode(latchkey, bob) })
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await acrOf(bob)).to.equal('aal2')
  })

  it('prove an address that nobody has proved, whatever second factor they have', async () => {
    const cyd = await moved({ totp: [{ secret }], email_verified: false })
    const reset = await cyd.browser.get(`${latchkey.issuer}/forgot-password`)
    await reset.submit({ email: cyd.email })
    const mails = await latchkey.outbox(cyd.email)
    expect(mails.map(each => each.subject)).to.deep.equal(['Sign in to Latchkey to confirm your email address'])
    let page = await start(cyd)
    expect(page.h1).to.equal('Enter the code we emailed you')
    page = await page.submit({ code: await codeSentTo(latchkey, cyd.email) })
    expect(await account(cyd)).to.not.have.property('emailUnproved', true)
    // A mailed code is a second step, and no second factor.
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await acrOf(cyd)).to.equal('mfa')
    cyd.browser = jar()
    await (await start(cyd)).submit({ code: authenticatorCode(latchkey, cyd) })
    expect(await acrOf(cyd)).to.equal('aal2')
  })

  it('without a password choose one by mail, set up a second factor, and are worth no more than a mailed code', async () => {
    const dan = await moved({ password_hash: undefined })
    expect((await start(dan)).status).to.equal(401)
    await (await dan.browser.get(`${latchkey.issuer}/forgot-password`)).submit({ email: dan.email })
    const { link = '' } = (await latchkey.outbox(dan.email)).find(each => each.link) ?? expect.fail()
    let page = await (await dan.browser.get(link)).submit()
    expect(page.find('input[name=password]')?.attributes.autocomplete).to.equal('new-password')
    page = await page.submit({ password: 'silver harbour lantern' })
    page = await setUp(dan, page)
    expect(page.url).to.equal(`${latchkey.issuer}/account`)
    expect(await acrOf(dan)).to.equal('mfa')
    // Apps are told to wait: the mailbox alone may have been a thief's.
    expect((await account(dan)).holdUntil).to.be.above(latchkey.clock.now())
    // It was good for this once: from now on the second factor is asked for.
    latchkey.clock.pass(hour)
    const thief = jar()
    await (await thief.get(`${latchkey.issuer}/forgot-password`)).submit({ email: dan.email })
    const again = (await latchkey.outbox(dan.email)).find(each => each.link && each.link !== link)?.link ?? ''
    page = await (await thief.get(again)).submit()
    expect(page.h1).to.equal('Enter the code from your authenticator app')
  })

  it('are not told apart from nobody by the time of an answer: unknown addresses have kinds of hashes as they do', async () => {
    const fay = await moved({})
    const kept = latchkey.store.collection(kindsDeclaration)
    const kinds = (await kept.get('all'))?.kinds ?? []
    expect(kinds.map(({ kind }) => kind)).to.include(kindOf(bcrypt))
    // A kind that nothing can be verified by shows who is answered by it.
    await kept.patch('all', { kinds: [{ kind: '$nothing$', held: 1 }] })
    latchkey.clock.pass(60_000)
    expect((await start({ ...somebody(), id: '', password, secret }, 'plum anchor viola')).status).to.equal(500)
    expect((await start(fay, 'plum anchor viola')).status).to.equal(401)
    await kept.patch('all', { kinds })
    latchkey.clock.pass(60_000)
    expect((await start({ ...somebody(), id: '', password, secret }, 'plum anchor viola')).status).to.equal(401)
  })

  it('who were disabled at the source do not get in', async () => {
    const eve = await moved({ totp: [{ secret }], locked: true })
    const page = await start(eve)
    const after = page.find('input[name=code]') ? await page.submit({ code: authenticatorCode(latchkey, eve) }) : page
    expect(after.url).to.not.equal(`${latchkey.issuer}/account`)
    expect((await eve.browser.get(`${latchkey.issuer}/account`)).url).to.include('/sign-in')
  })
})
