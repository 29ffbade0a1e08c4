import { expect } from 'chai'
import { plainBrand } from '../../src/brand/brand.ts'
import { composer } from '../../src/delivery/compose.ts'
import { mailing, type SendMail } from '../../src/delivery/mails.ts'
import type { Message } from '../../src/delivery/message.ts'
import { phrases } from '../../src/web/phrases.ts'

const at = Date.UTC(2026, 0, 1)

describe('mails', () => {
  let posted: Message[]
  let sendMail: SendMail
  let mayText: boolean
  beforeEach(() => {
    posted = []
    const outbox = {
      post: async (message: Message) => void posted.push(message),
      work: () => async () => {},
      list: async () => [],
    }
    const compose = composer({ phrases: phrases(), issuer: 'https://login.example', brand: () => plainBrand })
    const antiPhishingPhraseOf = async (to: string) => (to === 'ada@example.com' ? 'blue heron' : undefined)
    mayText = true
    const services = { composer: compose, outbox, issuer: 'https://login.example', antiPhishingPhraseOf, now: () => at }
    sendMail = mailing({ ...services, mayText: async () => mayText })
  })
  const ada = { email: 'ada@example.com', locale: 'en' }
  const code = { code: '123456', purpose: 'prove' as const, expiresAt: at + 600_000 }

  it('carry a code by mail, abandoned when the code has run out', async () => {
    await sendMail('code', ada, { ...code, towards: 'Trading' })
    expect(posted[0]).to.include({ channel: 'email', to: 'ada@example.com', code: '123456', expiresAt: at + 600_000 })
    expect(posted[0]?.text).to.contain('123456').and.to.contain('10 minutes').and.to.contain('Trading')
    expect(posted[0]?.html).to.contain('<html')
  })

  it('carry a code by SMS in one short text, bound to our origin', async () => {
    await sendMail('code', { textTo: '+436641234567', locale: 'en' }, code)
    expect(posted[0]?.text.split('\n').at(-1)).to.equal('@login.example #123456')
    expect(posted[0]?.text.length).to.be.at.most(160)
    expect(posted[0]).to.not.have.property('html')
  })

  it('leave out a text beyond what a number is sent, and mail what an app asks for in its place', async () => {
    mayText = false
    const told = { what: 'A phone number was added', when: 'now', device: 'Chrome', place: 'Vienna' }
    await sendMail('alert', { textTo: '+436641234567', locale: 'en' }, told)
    expect(posted).to.have.length(0)
    const asked = { app: 'Wallet', message: '', expiresAt: at + 60_000 }
    await sendMail('approval', { ...ada, textTo: '+436641234567' }, asked)
    expect(posted.map(each => each.channel)).to.deep.equal(['email'])
    mayText = true
    await sendMail('approval', { ...ada, textTo: '+436641234567' }, asked)
    expect(posted[1]).to.include({
      channel: 'sms',
      to: '+436641234567',
      link: 'https://login.example/account/approvals',
    })
    // A code has limits of its own.
    mayText = false
    await sendMail('code', { textTo: '+436641234567', locale: 'en' }, code)
    expect(posted).to.have.length(3)
  })

  it('tell the owner of a taken address, with a link and no code', async () => {
    await sendMail('taken', { ...ada, locale: 'de' })
    expect(posted[0]?.text).to.contain('https://login.example/sign-in')
    expect(posted[0]?.code).to.equal(undefined)
  })

  it('begin with the words of the owner of an address, whatever they say, and of nobody else', async () => {
    await sendMail('code', ada, code)
    await sendMail('taken', ada)
    await sendMail('welcome', { email: 'grace@example.com', locale: 'en' })
    expect(posted.map(each => each.text.includes('blue heron'))).to.deep.equal([true, true, false])
  })

  const alert = {
    what: 'A passkey was added',
    when: 'now',
    device: 'Chrome on Windows',
    place: 'Austria',
  }

  it('tell what was done, with what and where, and how to say that it was not oneself', async () => {
    await sendMail(
      'alert',
      { email: 'old@example.com', locale: 'en', antiPhishingPhrase: 'blue heron' },
      { ...alert, disown: 'b3ar3r' },
    )
    expect(posted[0]).to.include({ subject: 'A passkey was added', link: 'https://login.example/not-me/b3ar3r' })
    for (const word of ['blue heron', 'now', 'Chrome on Windows', 'Austria', 'https://login.example/not-me/b3ar3r'])
      expect(posted[0]?.text).to.contain(word)
    await sendMail('alert', { email: 'new@example.com', locale: 'en' }, alert)
    expect(posted[1]?.link).to.equal(undefined)
    await sendMail('alert', { textTo: '+436641234567', locale: 'en' }, alert)
    expect(posted[2]?.text).to.contain('A passkey was added').and.to.contain('login.example/help')
  })

  it('lead to a new password for as long as the link is good', async () => {
    const letter = { bearer: 'b3ar3r', expiresAt: at + 900_000 }
    await sendMail('reset', ada, { ...letter, device: 'Chrome on Windows', place: 'Austria' })
    await sendMail('disowned', ada, letter)
    await sendMail('no-account', { email: 'nobody@example.com', locale: 'en' })
    const link = 'https://login.example/reset/b3ar3r'
    expect(posted.map(each => each.link)).to.deep.equal([link, link, undefined])
    expect(posted[0]).to.include({ expiresAt: at + 900_000 })
    expect(posted[0]?.text).to.contain(link).and.to.contain('15 minutes').and.to.contain('Chrome on Windows')
  })

  it('welcome who has an account now', async () => {
    await sendMail('welcome', ada)
    expect(posted[0]).to.include({ channel: 'email', purpose: 'welcome' })
  })

  it('tell the owner of an API key what became of it', async () => {
    const key = { key: 'Bot', id: 'lk_1' }
    const seen = { when: '3 March 2026, 09:41 UTC', device: 'Chrome on Windows', place: 'Vienna, Austria' }
    await sendMail('key-created', ada, { ...key, ...seen, scopes: 'read', addresses: '' })
    await sendMail('key-renamed', ada, { ...key, ...seen, former: 'Robot' })
    await sendMail('key-rotated', { ...ada, locale: 'de' }, { ...key, ...seen, hours: 24 })
    await sendMail('key-revoked', ada, key)
    await sendMail('key-misused', ada, { ...key, address: '192.0.2.7' })
    expect(posted.map(each => each.purpose)).to.deep.equal([
      'key-created',
      'key-renamed',
      'key-rotated',
      'key-revoked',
      'key-misused',
    ])
    for (const { text } of posted) {
      expect(text).to.contain('lk_1').and.to.contain('https://login.example/account/api-keys')
    }
    expect(posted[0]?.text).to.contain('any IP address')
    expect(posted[1]?.text).to.contain('Robot')
    expect(posted[2]?.text).to.contain('24 Stunden')
    expect(posted[4]?.text).to.contain('192.0.2.7')
  })
})
