import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { credentials } from '../../src/accounts/credential.ts'
import { links } from '../../src/accounts/link.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import type { SendMail } from '../../src/delivery/mails.ts'
import type { Emit } from '../../src/events.ts'
import { alerts } from '../../src/observers/alerts.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { holding } from '../support/holding.ts'
import { mailbox } from '../support/mails.ts'
import { testStore } from '../support/store.ts'

const day = 24 * 3_600_000
const kinds: Readonly<Record<string, string>> = { sms: 'phone', 'sms of staff': 'unproved' }

describe('alerts to owners', () => {
  let at = 0
  let store: Store
  let box: ReturnType<typeof mailbox>
  let emit: Emit
  let failing = false
  let services: { credentials: ReturnType<typeof credentials>; accounts: ReturnType<typeof accounts> }
  const now = () => at

  beforeEach(async () => {
    at = Date.UTC(2026, 2, 3, 9, 41)
    store = await testStore(now)
    box = mailbox()
    failing = false
    const seals = sealer(keyring(['a secret of the tests, 32 or longer']))
    services = {
      accounts: accounts(store, seals),
      credentials: credentials({ store, sealer: seals, now }),
    }
    const observer = alerts({
      ...services,
      links: links({ store, now }),
      sendMail: (async (...mail) => {
        if (failing) throw new Error('the outbox is away')
        await box.sendMail(...mail)
      }) as SendMail,
      limitedUntil: ({ addedUnder, createdAt }) => addedUnder && createdAt + day,
      reach: ({ factor, secret }) => ({ [kinds[factor] ?? 'email']: (secret as { to?: string }).to }),
      mask: () => undefined,
      contactOf: async () => 'a•••@example.com',
      say: (locale, key) => `${locale} ${key}`,
      words: {
        moment: (_, when) => new Date(when).toISOString(),
        whence: (_, { address = '', agent: { browser = '' } }) => ({ device: browser, place: address }),
      },
    })
    emit = recorder([observer], now, () => {})
    const ada = {
      id: 'ada',
      email: 'ada@example.com',
      locale: 'de',
      status: 'active' as const,
      antiPhishingPhrase: 'blue heron',
    }
    await services.accounts.insert({ ...ada, createdAt: at, updatedAt: at })
  })
  afterEach(() => store.close())

  const sent = () => box.sent.filter(each => each.name === 'alert')
  const texts = () => sent().filter(each => !each.to.includes('@'))
  const add = (factor: string, to?: string) =>
    holding(store, services.credentials, now).give({ account: 'ada', factor, secret: { to } })
  const retire = (account: string, id: string) => holding(store, services.credentials, now).retire(account, id)

  it('say what, when, with what and where, in the owner’s language and words', async () => {
    await add('email', 'ada@example.com')
    const credential = await add('passkey')
    const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36'
    await emit('factor.added', { account: 'ada', factor: 'passkey', credential }, { address: '192.0.2.7', agent })
    expect(box.sent).to.have.length(1)
    expect(box.sent[0]).to.include({ name: 'alert', to: 'ada@example.com', locale: 'de' })
    expect(box.sent[0]?.data).to.include({
      what: 'de factor.passkey.added',
      when: '2026-03-03T09:41:00.000Z',
      device: 'Chrome',
      place: '192.0.2.7',
    })
    expect(box.sent[0]?.data.disown).to.match(/^[\w-]{43}$/)
  })

  it('are not written for what owners need not hear, nor about nobody', async () => {
    await add('email', 'ada@example.com')
    await emit('factor.renamed', { account: 'ada', factor: 'passkey', credential: 'c1' })
    await emit('phrase.changed', { account: 'nobody' })
    await emit('token.reused', { client: 'trading', grant: 'g1', ended: 'app' })
    await services.accounts.patch('ada', { status: 'closed' })
    await emit('phrase.changed', { account: 'ada' })
    expect(box.sent).to.deep.equal([])
  })

  it('reach every address of the last week, and give the newest no link to undo its own coming', async () => {
    const former = await add('email', 'old@example.com')
    const credential = await add('email', 'ada@example.com')
    await retire('ada', former)
    await emit('factor.replaced', { account: 'ada', factor: 'email', credential, former })
    expect(sent().map(each => [each.to, each.data.disown !== undefined])).to.have.deep.members([
      ['old@example.com', true],
      ['ada@example.com', false],
    ])
    box.sent.length = 0
    at += 8 * day
    await emit('phrase.changed', { account: 'ada' })
    expect(sent().map(each => each.to)).to.deep.equal(['ada@example.com'])
  })

  it('let nothing be undone from an address that staff replaced, and from theirs once it is proved', async () => {
    const former = await add('email', 'old@example.com')
    const credential = await add('email', 'ada@example.com')
    const change = { id: 'c', at, came: [credential], went: [former], replaced: [], was: {} }
    const undoes = async (more: object, emailUnproved?: true) => {
      await services.accounts.patch('ada', { holds: [credential], changes: [{ ...change, ...more }], emailUnproved })
      await emit('phrase.changed', { account: 'ada' })
      const told = box.sent.splice(0)
      expect(told.map(each => each.to)).to.have.members(['old@example.com', 'ada@example.com'])
      // Neither is sent to the other then.
      for (const { data } of told) expect(data.support).to.equal(!('device' in more))
      return told.filter(each => each.data.disown !== undefined).map(each => each.to)
    }
    at += day
    expect(await undoes({}, true)).to.deep.equal([])
    expect(await undoes({})).to.deep.equal(['ada@example.com'])
    // What was changed in a browser may be a thief's.
    expect(await undoes({ device: 'd1' })).to.deep.equal(['old@example.com'])
  })

  it('reach the old number and the new one, and no number that did not change', async () => {
    await add('email', 'ada@example.com')
    const former = await add('sms', '+436641')
    const credential = await add('sms', '+436642')
    await retire('ada', former)
    await emit('factor.replaced', { account: 'ada', factor: 'sms', credential, former })
    expect(texts().map(each => each.to)).to.have.members(['+436641', '+436642'])
    box.sent.length = 0
    await emit('phrase.changed', { account: 'ada' })
    expect(texts()).to.deep.equal([])
  })

  it('reach a number that nobody has proved when it comes, and with nothing that follows', async () => {
    await add('email', 'ada@example.com')
    const former = await add('sms', '+436641')
    const credential = await add('sms of staff', '+436642')
    await retire('ada', former)
    await services.accounts.patch('ada', { smsAlerts: true })
    await emit('number.changed', { account: 'ada', credential, former })
    expect(texts().map(each => each.to)).to.have.members(['+436641', '+436642'])
    box.sent.length = 0
    await emit('phrase.changed', { account: 'ada' })
    expect([texts(), sent().length]).to.deep.equal([[], 1])
  })

  it('of an identity check reach every address and number, each with a link of its own to stop it', async () => {
    const former = await add('email', 'old@example.com')
    await add('email', 'ada@example.com')
    await add('sms', '+436641')
    await retire('ada', former)
    for (const name of ['identity.opened', 'identity.granted'] as const) {
      await emit(name, { account: 'ada', case: '4821-0937-5512' })
      const told = box.sent.filter(each => each.name === 'check-told')
      expect(told.map(each => each.to)).to.have.members(['old@example.com', 'ada@example.com'])
      expect(new Set(told.map(each => each.data.bearer)).size).to.equal(2)
      for (const { data } of told) expect(data.bearer).to.match(/^[\w-]{43}$/)
      expect(sent().map(each => each.to)).to.deep.equal(['+436641'])
      box.sent.length = 0
    }
    // Once it is used there is nothing to stop, and all the more to undo.
    await emit('identity.completed', { account: 'ada', case: '4821-0937-5512' })
    expect(sent()).to.deep.equal(box.sent)
    expect(
      sent()
        .filter(each => each.data.disown)
        .map(each => each.to),
    ).to.have.members(['old@example.com', 'ada@example.com'])
  })

  it('fail the act that they could not be written of', async () => {
    await add('email', 'ada@example.com')
    failing = true
    const met = await emit('phrase.changed', { account: 'ada' }).catch((fault: Error) => fault.message)
    expect(met).to.equal('the outbox is away')
  })
})
