import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { posted, type Tell } from '../../src/delivery/courier.ts'
import type { Message, Outgoing, Send } from '../../src/delivery/message.ts'
import { type Outbox, outbox } from '../../src/delivery/outbox.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'

/** A sealer that all tests of delivery share. */
export const seals = sealer(keyring(['delivery-tests-secret-of-32-chars']))

/** A message with a code, to be sent. */
export function letter(changes: Partial<Message> = {}): Message {
  return {
    channel: 'email',
    to: 'ada@example.com',
    subject: 'Your code',
    text: 'It is 482913',
    code: '482913',
    purpose: 'sign-in',
    ...changes,
  }
}

/** Waits, ten seconds at most, until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  for (let round = 0; round < 2_000; round++) {
    if (await holds()) return
    await wait(5)
  }
  expect.fail(`${what} did not come to hold`)
}

/** A channel that remembers what went through it, and fails while `fails` gives it something to throw. */
export function channel(fails: (message: Outgoing) => unknown = () => undefined) {
  const sent: Outgoing[] = []
  const tried: string[] = []
  const send: Send = async message => {
    tried.push(message.text)
    const fault = fails(message)
    if (fault) throw fault
    sent.push(message)
  }
  return { send, sent, tried, texts: () => sent.map(message => message.text) }
}

/** Remembers what it was told. */
export function ear() {
  const told: { name: string; message: string; channel: string; tries: number }[] = []
  const onEvent: Tell = (name, data) => void told.push({ name, ...data })
  return { told, onEvent, names: () => told.map(({ name }) => name) }
}

/** A clock that goes, and can be put forward. */
export function clock() {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    forward(ms: number) {
      ahead += ms
    },
  }
}

/** A store, a clock, an ear, and outboxes over them: afresh for each test of the suite it is called in. */
export function desks() {
  const stops: (() => Promise<void>)[] = []
  const desk = {
    store: undefined as unknown as Store,
    time: clock(),
    heard: ear(),
    /** An outbox whose two channels lead the same way. */
    box: (through: { send: Send }, more: Partial<Parameters<typeof outbox>[0]> = {}): Outbox =>
      outbox({
        store: desk.store,
        sealer: seals,
        channels: { email: through.send, sms: through.send },
        now: desk.time.now,
        onEvent: desk.heard.onEvent,
        poll: 5,
        grace: 1000,
        ...more,
      }),
    working(made: Outbox): Outbox {
      stops.push(made.work())
      return made
    },
    /** What is not delivered, as the store keeps it. */
    left: () => desk.store.collection(posted).find({}),
  }
  beforeEach(async () => {
    desk.time = clock()
    desk.heard = ear()
    desk.store = await testStore(desk.time.now)
  })
  afterEach(async () => {
    await Promise.all(stops.splice(0).map(stop => stop()))
    await desk.store.close()
  })
  return desk
}
