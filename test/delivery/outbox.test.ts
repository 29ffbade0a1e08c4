import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { posted } from '../../src/delivery/courier.ts'
import { DeliveryFault } from '../../src/delivery/delivery-fault.ts'
import type { events } from '../../src/events.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { channel, desks, letter, until } from './posting.ts'

const down = () => new Error('down')

describe('outbox', () => {
  const desk = desks()

  it('sends what is posted, once and whole, and keeps nothing of it', async () => {
    const through = channel()
    const { post } = desk.working(desk.box(through))
    await post(letter({ html: '<p>It is 482913</p>', link: 'https://id.example.com/x' }))
    await until(() => desk.heard.told.length > 0)
    expect(through.sent).to.have.length(1)
    expect(through.sent[0]).to.include(letter({ html: '<p>It is 482913</p>', link: 'https://id.example.com/x' }))
    expect(through.sent[0]?.at).to.be.closeTo(desk.time.now(), 5000)
    expect(desk.heard.told).to.deep.equal([
      { name: 'message.sent', message: through.sent[0]?.id, channel: 'email', tries: 1 },
    ])
    expect(await desk.left()).to.deep.equal([])
  })

  it('wakes at once, however seldom it looks', async () => {
    const through = channel()
    const { post } = desk.working(desk.box(through, { poll: 3_600_000 }))
    await wait(20)
    await post(letter())
    await until(() => through.sent.length === 1)
  })

  it('says for how long the oldest message of each channel could have been tried', async () => {
    const { post, overdue } = desk.box(channel())
    await post(letter())
    desk.time.forward(60_000)
    await post(letter())
    const waited = Object.fromEntries((await overdue()).map(({ channel, since }) => [channel, since]))
    expect(waited.email).to.be.closeTo(60_000, 5_000)
    expect(waited).to.include({ sms: 0, logout: 0, ping: 0 })
  })

  it('keeps what is posted for a worker that comes later', async () => {
    await desk.box(channel()).post(letter())
    const later = channel()
    desk.working(desk.box(later))
    await until(() => later.sent.length === 1)
  })

  it('tells the events as they are declared', async () => {
    const seen: string[] = []
    const observer = {
      awaited: true as const,
      observe: ({ name }: { name: keyof typeof events }) => void seen.push(name),
    }
    const faults: unknown[] = []
    let fault: unknown = down()
    const emit = recorder([observer], desk.time.now, each => faults.push(each))
    const { post } = desk.working(
      desk.box(
        channel(() => fault),
        { onEvent: emit },
      ),
    )
    await post(letter())
    await until(() => seen.length === 1)
    fault = undefined
    await post(letter())
    await until(() => seen.length === 3)
    expect(seen).to.deep.equal(['message.delayed', 'message.sent', 'message.sent'])
    expect(faults).to.deep.equal([])
  })

  it('goes on when somebody it tells fails', async () => {
    const through = channel(({ text }) =>
      text === 'bad' ? new DeliveryFault({ reason: 'refused' }, { forGood: true }) : undefined,
    )
    const { post } = desk.working(desk.box(through, { onEvent: () => Promise.reject(down()) }))
    await post(letter({ text: 'good' }))
    await post(letter({ text: 'bad' }))
    await post(letter({ text: 'better' }))
    await until(() => through.sent.length === 2)
    await until(async () => (await desk.left()).length === 0)
    expect(through.tried).to.deep.equal(['good', 'bad', 'better'])
  })

  it('shows at rest neither the address nor a word of what it carries', async () => {
    await desk.box(channel()).post(letter({ html: '<p>It is 482913</p>', link: 'https://id.example.com/secret-link' }))
    const raw = JSON.stringify(await desk.left())
    for (const secret of ['ada', 'example.com', '482913', 'Your code', 'secret-link'])
      expect(raw).to.not.include(secret)
    expect(raw).to.include('sign-in')
  })

  it('rejects a post that the store did not take', async () => {
    const away = {
      ...desk.store,
      collection: () => ({ ...desk.store.collection(posted), insert: async () => Promise.reject(down()) }),
    }
    const through = channel()
    const { post } = desk.working(desk.box(through, { store: away as unknown as Store }))
    expect(await post(letter()).catch(error => error.message)).to.equal('down')
    expect(through.tried).to.deep.equal([])
  })

  it('abandons what is of no more use, and says so', async () => {
    const through = channel(down)
    const { post } = desk.working(desk.box(through))
    await post(letter({ expiresAt: desk.time.now() + 600_000 }))
    await until(() => desk.heard.told.length === 1)
    desk.time.forward(600_000)
    await until(() => desk.heard.told.length === 2)
    expect(desk.heard.names()).to.deep.equal(['message.delayed', 'message.abandoned'])
    expect(through.tried).to.have.length(1)
    expect(await desk.left()).to.deep.equal([])
  })

  it('abandons after 24 hours what nobody gave a time', async () => {
    await desk.box(channel()).post(letter())
    desk.time.forward(24 * 3_600_000)
    const through = channel()
    desk.working(desk.box(through))
    await until(() => desk.heard.told.length === 1)
    expect(desk.heard.told[0]).to.include({ name: 'message.abandoned', tries: 0 })
    expect(through.tried).to.deep.equal([])
  })

  it('abandons at once what can never be delivered, and goes on with the next', async () => {
    const through = channel(({ text }) =>
      text === 'bad' ? new DeliveryFault({ reason: 'refused' }, { forGood: true }) : undefined,
    )
    const { post } = desk.working(desk.box(through))
    await post(letter({ text: 'bad' }))
    await post(letter({ text: 'good' }))
    await until(() => desk.heard.told.length === 2)
    expect(desk.heard.names()).to.deep.equal(['message.abandoned', 'message.sent'])
    expect(through.tried).to.deep.equal(['bad', 'good'])
  })

  it('abandons what was sealed under secrets that are gone', async () => {
    const foreign = sealer(keyring(['a-secret-that-has-left-the-ring-1']))
    await desk.box(channel(), { sealer: foreign }).post(letter())
    desk.working(desk.box(channel()))
    await until(() => desk.heard.names().includes('message.abandoned'))
    expect(await desk.left()).to.deep.equal([])
  })

  it('sends what was sealed under an older secret', async () => {
    const old = 'an-older-secret-still-in-the-ring'
    await desk.box(channel(), { sealer: sealer(keyring([old])) }).post(letter())
    const through = channel()
    desk.working(desk.box(through, { sealer: sealer(keyring(['a-newer-secret-in-front-of-the-old', old])) }))
    await until(() => through.sent.length === 1)
  })

  it('keeps for the list what has no channel, and shows it at once', async () => {
    const through = channel()
    const { post, list } = desk.working(desk.box(through, { channels: { sms: through.send } }))
    await post(letter())
    await post(letter({ channel: 'sms', to: '+43660123456' }))
    expect((await list()).map(({ to }) => to)).to.deep.equal(['ada@example.com'])
    await until(() => desk.heard.told.length === 2)
    expect(desk.heard.told.map(({ name, channel: by }) => `${name} ${by}`)).to.deep.equal([
      'message.sent email',
      'message.sent sms',
    ])
  })
})
