import { setTimeout as wait } from 'node:timers/promises'
import { id } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Store } from '../store/collection.ts'
import { courier, messageContext, type Posted, posted, postedChannels, type Tell } from './courier.ts'
import { development } from './development.ts'
import type { Channels, Send, Sent } from './message.ts'
import type { SentLog } from './sent-log.ts'

interface Options {
  store: Store
  sealer: Sealer
  /** An absent channel keeps its messages for `list`; word to apps is only ever sent. */
  channels: { [Name in 'email' | 'sms']?: Send | undefined } & {
    [Name in 'logout' | 'ping' | 'webhook']?: Send<Channels[Name]>
  }
  now: () => number
  onEvent: Tell
  /** Keeps what was sent to whom. */
  log?: Pick<SentLog, 'note' | 'settle'>
  /** Milliseconds between two looks for what other processes left. */
  poll?: number
  /** Milliseconds after which a message whose sender died is another's. */
  lease?: number
  /** How many recipients a channel serves at once. */
  concurrency?: number
  /** Milliseconds that stopping waits for. */
  grace?: number
}

const day = 24 * 3_600_000

export type Outbox = ReturnType<typeof outbox>

/** Keeps messages until they are delivered: durable, sealed at rest, in order for each recipient, shared by all processes of one store. */
export function outbox({
  store,
  sealer,
  channels,
  now,
  onEvent,
  log,
  poll = 1000,
  lease = 60_000,
  concurrency = 5,
  grace = 5000,
}: Options) {
  const messages = store.collection(posted)
  const kept = development({ store, sealer })
  const awaited = new Map<string, () => void>()
  const tell: Tell = async (name, data) => {
    awaited.get(data.message)?.()
    await onEvent(name, data)
    await log?.settle(name, data)
  }
  const courierFor = <M>(channel: Posted['channel'], send: Send<M> | undefined) => {
    const open = ({ id, at, sealed }: Posted): Sent<M> => ({
      ...JSON.parse(sealer.open(sealed, messageContext({ id }))),
      id,
      at,
    })
    return send && courier({ channel, messages, open, send, now, onEvent: tell, poll, lease, concurrency })
  }
  const couriers = {
    email: courierFor('email', channels.email),
    sms: courierFor('sms', channels.sms),
    logout: courierFor('logout', channels.logout),
    ping: courierFor('ping', channels.ping),
    webhook: courierFor('webhook', channels.webhook),
  }
  let last = 0

  /** Resolves when it was tried, or when patience is over. */
  const tried = async (id: string, patience: number): Promise<void> => {
    const given = new AbortController()
    awaited.set(id, () => given.abort())
    await wait(patience, undefined, { signal: given.signal }).catch(() => {})
    awaited.delete(id)
  }

  return {
    /** Keeps a message durably and wakes the couriers; resolves before it is sent, unless `patience` (milliseconds) lets it wait for the first try. */
    async post(message: Channels[keyof Channels], patience = 0): Promise<void> {
      const at = now()
      // Thousandths of a millisecond, so that what one process posts within one keeps its order.
      last = Math.max(at * 1000, last + 1)
      const order = last
      const outgoing = { ...message, id: id(), at }
      const { channel, to, purpose, expiresAt: until = at + day } = message
      if (outgoing.channel === 'email' || outgoing.channel === 'sms') {
        await log?.note(outgoing)
        if (!channels[channel]) {
          await kept.keep(outgoing, order)
          await tell('message.sent', { message: outgoing.id, channel, tries: 1 })
          return
        }
      }
      await messages.insert({
        id: outgoing.id,
        channel,
        purpose,
        lane: sealer.blind(`${channel}:${to}`, 'recipient')[0],
        order,
        at,
        until,
        // Later than its use ends: a message that only vanished would never be told of.
        expiresAt: until + day,
        due: at,
        state: 'fresh',
        tries: 0,
        sealed: sealer.seal(JSON.stringify(outgoing), messageContext(outgoing)),
      })
      const through = patience > 0 ? tried(outgoing.id, patience) : undefined
      couriers[channel]?.wake()
      await through
    },
    /** Starts delivering. Returns a function that stops, once what is on its way is through or `grace` is over. */
    work() {
      const stops = Object.values(couriers).flatMap(each => each?.start() ?? [])
      return async () => {
        const given = new AbortController()
        const stopped = Promise.all(stops.map(stop => stop())).finally(() => given.abort())
        await Promise.race([stopped, wait(grace, undefined, { signal: given.signal }).catch(() => {})])
      }
    },
    /** Resolves to for how many milliseconds each channel's oldest message could have been tried; 0 where none waits. */
    overdue: () => {
      const since = async (channel: Posted['channel']) => {
        const [oldest] = await messages.find({ channel, due: { lt: now() } }, { sort: { by: 'due' }, limit: 1 })
        return { channel, since: oldest ? now() - oldest.due : 0 }
      }
      return Promise.all(postedChannels.map(since))
    },
    /** Lists messages of channels that lead nowhere (development), newest first; of one recipient if told. */
    list: kept.list,
  }
}
