import { expect } from 'chai'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { kept as declaration, development } from '../../src/delivery/development.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'
import { letter, seals } from './posting.ts'

describe('development', () => {
  let store: Store
  let at = Date.now()
  beforeEach(async () => {
    at = Date.now()
    store = await testStore(() => at)
  })
  afterEach(() => store.close())

  const keep = (kept: ReturnType<typeof development>, number: number, changes: Parameters<typeof letter>[0] = {}) =>
    kept.keep({ ...letter(changes), id: `message-${number}`, at }, number)

  it('lists what it kept, newest first, with no more than the contract says', async () => {
    const kept = development({ store, sealer: seals })
    await keep(kept, 1, { html: '<p>x</p>' })
    await keep(kept, 2, {
      channel: 'sms',
      to: '+43660123456',
      subject: '',
      code: undefined,
      link: 'https://id.example.com/x',
    })
    expect(await kept.list()).to.deep.equal([
      {
        id: 'message-2',
        at,
        channel: 'sms',
        to: '+43660123456',
        subject: '',
        text: 'It is 482913',
        link: 'https://id.example.com/x',
      },
      {
        id: 'message-1',
        at,
        channel: 'email',
        to: 'ada@example.com',
        subject: 'Your code',
        text: 'It is 482913',
        code: '482913',
      },
    ])
  })

  it('lists those of one recipient, under older secrets too', async () => {
    const old = 'an-older-secret-still-in-the-ring'
    await keep(development({ store, sealer: sealer(keyring([old])) }), 1)
    const kept = development({ store, sealer: sealer(keyring(['a-newer-secret-in-front-of-the-old', old])) })
    await keep(kept, 2, { to: 'bob@example.com' })
    await keep(kept, 3)
    expect((await kept.list('ada@example.com')).map(({ id }) => id)).to.deep.equal(['message-3', 'message-1'])
    expect(await kept.list('nobody@example.com')).to.deep.equal([])
  })

  it('leaves out what was kept under secrets that are gone', async () => {
    await keep(development({ store, sealer: sealer(keyring(['a-secret-that-was-thrown-away-since'])) }), 1)
    const kept = development({ store, sealer: seals })
    await keep(kept, 2)
    expect((await kept.list()).map(({ id }) => id)).to.deep.equal(['message-2'])
  })

  it('keeps the newest 300, for a week', async () => {
    const kept = development({ store, sealer: seals })
    for (let number = 1; number <= 400; number++) await keep(kept, number)
    const listed = await kept.list()
    expect(listed).to.have.length(300)
    expect(listed[0]?.id).to.equal('message-400')
    expect((await store.collection(declaration).find({}, { limit: 1000 })).length).to.be.at.most(350)
    at += 7 * 24 * 3_600_000 + 1
    expect(await kept.list()).to.deep.equal([])
  })
})
