import { agentOf } from '../accounts/device.ts'
import type { SessionBook } from '../accounts/session.ts'
import type { EventData, EventName, Observer, Origin, Recorded } from '../events.ts'

/** Milliseconds between two notes that a session is in use. */
const sparing = 5 * 60_000
/** Sessions in use whose last note is remembered. */
const most = 10_000

interface Services {
  book: SessionBook
  /** Where an address is: its country (ISO 3166-1 alpha-2), and its city where that is known. */
  place: (address: string) => { country?: string | undefined; city?: string | undefined }
}

type Act<N extends EventName> = (data: EventData<N>, origin: Origin, at: number) => Promise<void>
type Acts = { [N in EventName]?: Act<N> }

/** Keeps people's record of their sessions by what happens to them, each session's in order. */
export function sessionKeeper({ book, place }: Services): Observer {
  const noted = new Map<string, number>()
  const turns = new Map<string, Promise<void>>()

  const note = (session: string, at: number): void => {
    if (noted.size >= most) noted.clear()
    noted.set(session, at)
  }

  /** Sessions that are about to be written down, and the apps that were opened in them by then. */
  const beginning = new Map<string, Set<string>>()

  const acts: Acts = {
    'session.started': async ({ account, session: id, acr, amr }, { device, address = '', agent }, at) => {
      const { country, city } = place(address)
      note(id, at)
      const joined = new Set<string>()
      beginning.set(id, joined)
      // Whoever signs in for an app opens it in the same turn of the event loop: that is one write with this.
      await new Promise<void>(resolve => process.nextTick(resolve))
      beginning.delete(id)
      const apps = [...joined]
      await book.started({ id, account, device, address, agent: agentOf(agent), country, city, acr, amr, apps })
    },
    'session.raised': ({ session, acr, amr }) => book.raised(session, { acr, amr }),
    'session.joined': ({ session, client }) => book.joined(session, client),
    'session.ended': ({ session, why }) => book.ended(session, why),
    'session.seen': async ({ session }, _, at) => {
      if (at - (noted.get(session) ?? 0) < sparing) return
      note(session, at)
      await book.seen(session)
    },
  }

  const inTurn = async (id: string, act: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(id) ?? Promise.resolve()).catch(() => {}).then(act)
    turns.set(id, turn)
    try {
      await turn
    } finally {
      if (turns.get(id) === turn) turns.delete(id)
    }
  }

  return {
    awaited: true,
    observe: ({ name, data, origin, at }: Recorded) => {
      const act = acts[name] as Act<EventName> | undefined
      if (!act || !('session' in data)) return
      const joined = name === 'session.joined' && beginning.get(data.session)
      if (joined) joined.add((data as EventData<'session.joined'>).client)
      return inTurn(data.session, () => act(data, origin, at))
    },
  }
}
