import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { backoff, type posted } from '../../src/delivery/courier.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow } from '../support/store.ts'
import { channel, desks, letter, until } from './posting.ts'

const down = () => new Error('down')

describe('courier', () => {
  const desk = desks()

  it('tries again, later and later, until it is through', async () => {
    let fault: unknown = down()
    const through = channel(() => fault)
    const { post } = desk.working(desk.box(through))
    await post(letter())
    for (let tries = 1; tries <= 4; tries++) {
      await until(() => desk.heard.told.length === tries, `try ${tries}`)
      await wait(30)
      expect(through.tried).to.have.length(tries)
      if (tries === 4) fault = undefined
      desk.time.forward(1500 * 2 ** tries)
    }
    await until(() => desk.heard.told.length === 5)
    expect(desk.heard.told.map(({ name, tries }) => `${name} ${tries}`)).to.deep.equal([
      'message.delayed 1',
      'message.delayed 2',
      'message.delayed 3',
      'message.delayed 4',
      'message.sent 5',
    ])
    expect(through.sent).to.have.length(1)
  })

  it('keeps each recipient in order, and lets nobody wait for another', async () => {
    let fault: unknown = down()
    const through = channel(({ to }) => (to === 'ada@example.com' ? fault : undefined))
    const { post } = desk.working(desk.box(through))
    await post(letter({ text: 'ada 1' }))
    await until(() => desk.heard.told.length === 1)
    for (const text of ['ada 2', 'ada 3', 'ada 4']) await post(letter({ text }))
    await post(letter({ to: 'bob@example.com', text: 'bob 1' }))
    await until(() => through.sent.length === 1)
    fault = undefined
    for (let round = 0; round < 10; round++) {
      desk.time.forward(60_000)
      await wait(5)
    }
    await until(() => through.sent.length === 5)
    expect(through.texts()).to.deep.equal(['bob 1', 'ada 1', 'ada 2', 'ada 3', 'ada 4'])
  })

  it('keeps the order of what is posted within one millisecond', async () => {
    const frozen = desk.time.now()
    const through = channel()
    const still = desk.box(through, { now: () => frozen })
    const texts = Array.from({ length: 20 }, (_, index) => `number ${index}`)
    await Promise.all(texts.map(text => still.post(letter({ text }))))
    desk.working(still)
    await until(() => through.sent.length === 20)
    expect(through.texts()).to.deep.equal(texts)
  })

  it('tries one that waits again as soon as another is posted to the same recipient', async () => {
    let fault: unknown = down()
    const through = channel(() => fault)
    const { post } = desk.working(desk.box(through))
    await post(letter({ text: 'first' }))
    await until(() => desk.heard.told.length === 1)
    fault = undefined
    await post(letter({ text: 'second' }))
    await until(() => through.sent.length === 2)
    expect(through.texts()).to.deep.equal(['first', 'second'])
  })

  it('does not let those who wait behind one hasten it over and over', async () => {
    const through = channel(down)
    const { post } = desk.working(desk.box(through))
    for (const text of ['1', '2', '3']) await post(letter({ text }))
    await wait(150)
    expect(through.tried.length).to.be.within(1, 3)
    expect(new Set(through.tried)).to.deep.equal(new Set(['1']))
  })

  it('serves others while one recipient has hundreds waiting behind one that hangs', async () => {
    const through = channel()
    const hung = {
      send: (...sent: Parameters<typeof through.send>) =>
        sent[0].to === 'ada@example.com' ? new Promise<void>(() => {}) : through.send(...sent),
    }
    const filling = desk.box(hung, { grace: 1 })
    for (let index = 0; index < 120; index++) await filling.post(letter({ text: `${index}` }))
    await filling.post(letter({ to: 'bob@example.com' }))
    desk.working(filling)
    await until(() => through.sent.length === 1)
  })

  it('waits while another worker has one of the same recipient in hand', async () => {
    const gate = Promise.withResolvers<void>()
    const inHand = { send: () => gate.promise }
    const one = desk.working(desk.box(inHand))
    await one.post(letter({ text: 'first' }))
    await until(async () => (await desk.left()).some(({ state }) => state === 'held'))
    const through = channel()
    const other = desk.working(desk.box(through))
    await other.post(letter({ text: 'second' }))
    await wait(40)
    expect(through.tried).to.deep.equal([])
    gate.resolve()
    await until(() => desk.heard.told.length === 2)
    expect(through.tried).to.not.include('first')
    expect(desk.heard.names()).to.deep.equal(['message.sent', 'message.sent'])
  })

  it('lets one channel go on while the other hangs', async () => {
    const through = channel()
    const hung = { email: () => new Promise<void>(() => {}), sms: through.send }
    const { post } = desk.working(desk.box(through, { channels: hung, concurrency: 1, grace: 1 }))
    await post(letter())
    await post(letter({ to: 'bob@example.com' }))
    await post(letter({ channel: 'sms', to: '+43660123456' }))
    await until(() => through.sent.length === 1)
  })

  it('sends each once, in order, when two workers race on a slow store', async () => {
    const sent: string[] = []
    const late = { send: ({ text }: { text: string }) => wait(3).then(() => void sent.push(text)) }
    const far = slow(desk.store, 4)
    const one = desk.box(late, { store: far, concurrency: 8 })
    const other = desk.box(late, { store: far, concurrency: 8 })
    const people = ['ada', 'bob', 'cem', 'dea', 'eva', 'fay']
    for (const round of [1, 2, 3, 4])
      await Promise.all(people.map(name => one.post(letter({ to: `${name}@example.com`, text: `${name} ${round}` }))))
    desk.working(one)
    desk.working(other)
    await until(() => desk.heard.told.length === 24)
    expect(new Set(desk.heard.names())).to.deep.equal(new Set(['message.sent']))
    for (const name of people)
      expect(sent.filter(text => text.startsWith(name))).to.deep.equal([1, 2, 3, 4].map(round => `${name} ${round}`))
  })

  it('takes over from a worker that died, not before its lease is over', async () => {
    const dying = { send: () => new Promise<void>(() => {}) }
    const dead = desk.box(dying, { grace: 1 })
    await dead.post(letter({ text: 'first' }))
    await dead.post(letter({ text: 'second' }))
    const kill = dead.work()
    await until(async () => (await desk.left()).some(({ state }) => state === 'held'))
    await kill()
    const through = channel()
    desk.working(desk.box(through))
    await wait(60)
    expect(through.tried).to.deep.equal([])
    desk.time.forward(60_000)
    await until(() => through.sent.length === 2)
    expect(through.texts()).to.deep.equal(['first', 'second'])
    await until(() => desk.heard.told.length === 2)
    expect(desk.heard.told.map(({ tries }) => tries)).to.deep.equal([2, 1])
  })

  it('does not send again what the store did not hear of', async () => {
    let away = false
    const forgetful = {
      ...desk.store,
      collection: (declaration: typeof posted) => {
        const inner = desk.store.collection(declaration)
        return { ...inner, take: async (id: string) => (away ? Promise.reject(down()) : inner.take(id)) }
      },
    } as unknown as Store
    const through = channel()
    const { post } = desk.working(desk.box(through, { store: forgetful }))
    away = true
    await post(letter())
    await until(() => through.sent.length === 1)
    await wait(20)
    away = false
    desk.time.forward(60_000)
    await until(() => desk.heard.told.length === 1)
    expect(through.tried).to.have.length(1)
    expect(await desk.left()).to.deep.equal([])
  })

  it('goes on by itself when the store comes back', async () => {
    let away = true
    const flaky = {
      ...desk.store,
      collection: (declaration: typeof posted) => {
        const inner = desk.store.collection(declaration)
        return {
          ...inner,
          find: async (...asked: Parameters<typeof inner.find>) =>
            away ? Promise.reject(down()) : inner.find(...asked),
        }
      },
    } as unknown as Store
    const through = channel()
    const { post } = desk.working(desk.box(through, { store: flaky }))
    await post(letter())
    await wait(30)
    expect(through.tried).to.deep.equal([])
    away = false
    await until(() => through.sent.length === 1)
  })

  it('stops after what is on its way, and sends nothing more', async () => {
    const gates: (() => void)[] = []
    const sent: string[] = []
    const gated = {
      send: ({ text }: { text: string }) =>
        new Promise<void>(resolve => gates.push(resolve)).then(() => void sent.push(text)),
    }
    const { post, work } = desk.box(gated)
    const stop = work()
    await post(letter({ text: 'first' }))
    await post(letter({ text: 'second' }))
    await until(() => gates.length === 1)
    const stopping = stop()
    gates[0]?.()
    await stopping
    await wait(30)
    expect(sent).to.deep.equal(['first'])
    expect(await desk.left()).to.have.length(1)
  })
})

describe('backoff', () => {
  it('doubles from a second, with a quarter either way', () => {
    for (const [tries, around] of [
      [1, 1000],
      [2, 2000],
      [5, 16_000],
    ] as const)
      for (let round = 0; round < 50; round++) expect(backoff(tries, 0)).to.be.within(around * 0.75, around * 1.25)
  })

  it('never waits much longer than half a minute, or a tenth of what it has waited already', () => {
    for (const tries of [6, 20, 5000]) {
      expect(backoff(tries, 0)).to.be.within(22_500, 37_500)
      expect(backoff(tries, 10 * 3_600_000)).to.be.at.most(1.25 * 3_600_000)
    }
  })
})
