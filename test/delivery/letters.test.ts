import { expect } from 'chai'
import { composer } from '../../src/delivery/compose.ts'
import { type Letters, letters } from '../../src/delivery/letters.ts'
import type { Message } from '../../src/delivery/message.ts'
import { phrases } from '../../src/web/phrases.ts'

const at = Date.UTC(2026, 0, 1)

describe('letters', () => {
  let posted: Message[]
  let write: Letters
  beforeEach(() => {
    posted = []
    const outbox = {
      post: async (message: Message) => void posted.push(message),
      work: () => async () => {},
      list: async () => [],
    }
    const compose = composer({ phrases: phrases(), issuer: 'https://login.example', name: 'Latchkey' })
    write = letters({ composer: compose, outbox, now: () => at })
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

  it('tell the owner of a taken address, with a link and no code', async () => {
    await write.taken('ada@example.com', 'de')
    expect(posted[0]?.text).to.contain('https://login.example/sign-in')
    expect(posted[0]?.code).to.equal(undefined)
  })

  it('welcome who has an account now', async () => {
    await write.welcome('ada@example.com', 'en')
    expect(posted[0]).to.include({ channel: 'email', purpose: 'welcome' })
  })
})
