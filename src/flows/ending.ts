import { Problem } from '../errors.ts'
import { allWritten } from '../store/collection.ts'
import type { Flow, Flows } from './flow-store.ts'

/** A flow that is done and not saved as such: its session can begin by the write that takes it. */
export type Unsaved = ReturnType<typeof unsavedEnd>

/** Says whether a flow that is done is a sign-in at our own page from which nothing follows but a session. */
export function endsAtOnce(flow: Flow): boolean {
  const { purpose, account, interaction, session, within, action, enrolled, trust, confirmed, verdict } = flow
  const more = interaction ?? session ?? within ?? action ?? trust ?? confirmed
  const plain = purpose === 'sign-in' && account !== undefined && more === undefined && enrolled.length === 0
  return plain && verdict?.ruling === 'allow'
}

/** Returns what ends a flow that is done and not saved. `noted` settles once what was proved in it is on record: nothing may be answered before. */
export function unsavedEnd(flows: Flows, flow: Flow, noted: Promise<unknown> | undefined) {
  const taken = async (): Promise<void> => {
    // Another request carried it on since it was read.
    if ((await flows.take(flow)).rev !== flow.rev) throw new Problem('attempt_expired')
  }
  return {
    /** Takes it for exactly one use, beside what is begun in the same turn. Throws `attempt_expired`, and what kept the proof from being written down. */
    take: () => allWritten([taken(), noted]),
    /** Saves it after all. Throws `conflict`, and what kept the proof from being written down. */
    save: () => allWritten([flows.save(flow), noted]),
  }
}

/** Saves a flow beside what is `noted` of its proof, and resolves to it as it is saved. Where the proof cannot be written down, the flow is removed. Throws what failed. */
export async function savedBeside(flows: Flows, changed: Flow, noted: Promise<unknown> | undefined): Promise<Flow> {
  const [saved, kept] = await Promise.allSettled([flows.save(changed), noted])
  // What could not be written down counts for nothing.
  if (kept.status === 'rejected' && saved.status === 'fulfilled') await flows.take(saved.value).catch(() => {})
  if (kept.status === 'rejected') throw kept.reason
  if (saved.status === 'rejected') throw saved.reason
  return saved.value
}

/** Returns what was posted with an answer under this name. */
export function posted(answer: unknown, name: string): string | undefined {
  const value = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined
  return typeof value === 'string' ? value : undefined
}
