import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Ceremony, Factor, Subject } from '../factors/factor.ts'
import { declare, type Store, update } from '../store/collection.ts'
import type { Mode } from './flow-store.ts'

/** How long a question may wait for its answer, in milliseconds. */
const lifetime = 10 * 60_000
/** Wrong answers after which one question is closed. */
const limit = 5

const shape = z.object({
  id: z.string(),
  expiresAt: z.number(),
  /** Sealed: what `begin` remembered and what the page shows. */
  sealed: z.string(),
  tries: z.number(),
})

export const ceremoniesDeclaration = declare({ name: 'ceremonies', shape })

type Kept = z.output<typeof shape>

/** Which question: a flow has at most one of each. */
export interface Which {
  flow: string
  mode: Mode
  factor: Factor
}

export interface Ceremonies {
  /** Asks, or asks anew: the former question is void. Throws the factor's Problem. */
  begin(which: Which, subject: Subject<unknown>, asked?: Record<string, unknown>): Promise<void>
  /** What the page of an open question shows, with what it was `asked` with; undefined when none is open. */
  shown(which: Which): Promise<Record<string, unknown> | undefined>
  /** Judges an answer; a right one ends the question, and of several only one is right. Throws the factor's Problem, `way_closed` or `attempt_expired`. */
  finish<Outcome>(which: Which, subject: Subject<unknown>, answer: unknown): Promise<Outcome>
}

/** Runs any factor's ceremonies. What they remember is sealed, counted and short-lived. */
export function ceremonies({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }): Ceremonies {
  const kept = store.collection(ceremoniesDeclaration)
  const key = ({ flow, mode, factor }: Which) => `${flow}.${mode}.${factor.id}`
  const context = (id: string) => `ceremony:${id}`
  const open = (id: string, sealed: string): { state: unknown; page: Record<string, unknown> } =>
    JSON.parse(sealer.open(sealed, context(id)))
  const of = ({ mode, factor }: Which): Ceremony<unknown, unknown, unknown, unknown> => factor[mode]
  // Before anybody is named, tries are counted against the account and the address instead.
  const counted = ({ mode, factor }: Which) => mode === 'enrol' || !factor.prove.names

  /** Counts one try before it is judged, by compare-and-set: a question that was answered stays gone. */
  const spend = async (which: Which): Promise<Kept> => {
    const id = key(which)
    const spent = await update(kept, id, 'tries', ({ tries }) => {
      if (!counted(which)) return undefined
      if (tries >= limit) throw new Problem('way_closed')
      return { tries: tries + 1 }
    })
    if (!spent) throw new Problem('attempt_expired')
    return spent
  }

  /** Asking anew gives no new tries. */
  const keep = async (which: Which, sealed: string): Promise<void> => {
    const id = key(which)
    const expiresAt = now() + lifetime
    const former = await update(kept, id, 'tries', ({ tries }) => {
      if (tries >= limit) throw new Problem('way_closed')
      return { sealed, expiresAt, tries }
    })
    if (!former) await kept.put({ id, sealed, tries: 0, expiresAt })
  }

  return {
    begin: async (which, subject, asked = {}) => {
      const { begin, ask } = of(which)
      if (((await kept.get(key(which)))?.tries ?? 0) >= limit) throw new Problem('way_closed')
      const fits = ask?.safeParse(asked)
      if (fits && !fits.success) throw new Problem('malformed')
      const asks = fits?.data ?? {}
      const { state, page } = begin ? await begin(subject, asks) : { state: null, page: {} }
      const id = key(which)
      await keep(which, sealer.seal(JSON.stringify({ state, page: { ...page, asked: asks } }), context(id)))
    },
    shown: async which => {
      const id = key(which)
      const found = await kept.get(id)
      return found && open(id, found.sealed).page
    },
    finish: async <Outcome>(which: Which, subject: Subject<unknown>, raw: unknown) => {
      const ceremony = of(which)
      const fits = ceremony.answer.safeParse(raw)
      if (!fits.success) throw new Problem('malformed')
      const id = key(which)
      const { sealed, tries } = await spend(which)
      const left = counted(which) ? limit - tries : undefined
      const outcome = await ceremony.finish(fits.data, open(id, sealed).state, { ...subject, left })
      if (!(await kept.take(id))) throw new Problem('code_spent')
      return outcome as Outcome
    },
  }
}
