import { expect } from 'chai'
import { composer } from '../../src/delivery/compose.ts'
import { type Letters, letters } from '../../src/delivery/letters.ts'
import type { Message } from '../../src/delivery/message.ts'
import { phrases } from '../../src/web/phrases.ts'

const at = Date.UTC(2026, 0, 1)

describe('letters', () => {
  let posted: Message[]
  let write: Letters
  let mayText: boolean
  beforeEach(() => {
    posted = []
    const outbox = {
      post: async (message: Message) => void posted.push(message),
      work: () => async () => {},
      list: async () => [],
    }
    const compose = composer({ phrases: phrases(), issuer: 'https://login.example', name: 'Latchkey' })
    const phraseOf = async (to: string) => (to === 'ada@example.com' ? 'blue heron' : undefined)
    mayText = true
    const services = { composer: compose, outbox, issuer: 'https://login.example', phraseOf, now: () => at }
    write = letters({ ...services, mayText: async () => mayText })
  })
  const code = { to: 'ada@example.com', code: '123456', purpose: 'prove', locale: 'en', expiresAt: at + 600_000 }

  it('carry a code by mail, abandoned when the code has run out', async () => {
    await write.code({ ...code, channel: 'email', towards: 'Trading' })
    expect(posted[0]).to.include({ channel: 'email', to: 'ada@example.com', code: '123456', expiresAt: at + 600_000 })
    expect(posted[0]?.text).to.contain('123456').and.to.contain('10 minutes').and.to.contain('Trading')
    expect(posted[0]?.html).to.contain('<html')
  })

  it('carry a code by SMS in one short text, bound to our origin', async () => {
    await write.code({ ...code, channel: 'sms', to: '+436641234567' })
    expect(posted[0]?.text.split('\n').at(-1)).to.equal('@login.example #123456')
    expect(posted[0]?.text.length).to.be.at.most(160)
    expect(posted[0]).to.not.have.property('html')
  })

  it('leave out a text beyond what a number is sent, and mail what an app asks for in its place', async () => {
    mayText = false
    const told = { locale: 'en', what: 'A phone number was added', when: 'now', device: 'Chrome', place: 'Vienna' }
    await write.alert({ ...told, channel: 'sms', to: '+436641234567' })
    expect(posted).to.have.length(0)
    const ada = { email: 'ada@example.com', phone: '+436641234567', texts: true, locale: 'en' }
    await write.approval(ada, { app: 'Wallet', message: undefined, until: at + 60_000 })
    expect(posted.map(each => each.channel)).to.deep.equal(['email'])
  })

  it('tell the owner of a taken address, with a link and no code', async () => {
    await write.taken('ada@example.com', 'de')
    expect(posted[0]?.text).to.contain('https://login.example/sign-in')
    expect(posted[0]?.code).to.equal(undefined)
  })

  it('begin with the words of the owner of an address, whatever they say, and of nobody else', async () => {
    await write.code({ ...code, channel: 'email' })
    await write.taken('ada@example.com', 'en')
    await write.welcome('grace@example.com', 'en')
    expect(posted.map(each => each.text.includes('blue heron'))).to.deep.equal([true, true, false])
  })

  const alert = {
    locale: 'en',
    what: 'A passkey was added',
    when: 'now',
    device: 'Chrome on Windows',
    place: 'Austria',
  }

  it('tell what was done, with what and where, and how to say that it was not oneself', async () => {
    await write.alert({ ...alert, channel: 'email', to: 'old@example.com', phrase: 'blue heron', disown: 'b3ar3r' })
    expect(posted[0]).to.include({ subject: 'A passkey was added', link: 'https://login.example/not-me/b3ar3r' })
    for (const word of ['blue heron', 'now', 'Chrome on Windows', 'Austria', 'https://login.example/not-me/b3ar3r'])
      expect(posted[0]?.text).to.contain(word)
    await write.alert({ ...alert, channel: 'email', to: 'new@example.com' })
    expect(posted[1]?.link).to.equal(undefined)
    await write.alert({ ...alert, channel: 'sms', to: '+436641234567' })
    expect(posted[2]?.text).to.contain('A passkey was added').and.to.contain('login.example/help')
  })

  it('lead to a new password for as long as the link is good', async () => {
    const letter = { to: 'ada@example.com', locale: 'en', reset: 'b3ar3r', expiresAt: at + 900_000 }
    await write.reset({ ...letter, device: 'Chrome on Windows', place: 'Austria' })
    await write.disowned(letter)
    await write.noAccount('nobody@example.com', 'en')
    const link = 'https://login.example/reset/b3ar3r'
    expect(posted.map(each => each.link)).to.deep.equal([link, link, undefined])
    expect(posted[0]).to.include({ expiresAt: at + 900_000 })
    expect(posted[0]?.text).to.contain(link).and.to.contain('15 minutes').and.to.contain('Chrome on Windows')
  })

  it('welcome who has an account now', async () => {
    await write.welcome('ada@example.com', 'en')
    expect(posted[0]).to.include({ channel: 'email', purpose: 'welcome' })
  })

  it('tell the owner of an API key what became of it', async () => {
    const key = { key: 'Bot', id: 'lk_1' }
    await write.apiKey('key-created', 'ada@example.com', 'en', { ...key, scopes: 'read', addresses: '' })
    await write.apiKey('key-renamed', 'ada@example.com', 'en', { ...key, former: 'Robot' })
    await write.apiKey('key-rotated', 'ada@example.com', 'de', { ...key, hours: 24 })
    await write.apiKey('key-revoked', 'ada@example.com', 'en', key)
    await write.apiKey('key-misused', 'ada@example.com', 'en', { ...key, address: '192.0.2.7' })
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
    expect(posted[0]?.text).to.contain('anywhere')
    expect(posted[1]?.text).to.contain('Robot')
    expect(posted[2]?.text).to.contain('24 Stunden')
    expect(posted[4]?.text).to.contain('192.0.2.7')
  })
})
