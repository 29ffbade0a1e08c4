import { z } from 'zod'
import type { Quota } from '../accounts/quota.ts'
import { acrValues } from '../acr.ts'
import { id } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { allReasons, rulings } from '../risk/verdict.ts'
import { declare, type Store, update } from '../store/collection.ts'

const lifetime = 60 * 60_000
/** Bytes of the first question, which is kept with it. */
const question = 1_500
/** The `rev` of a flow that is not stored yet. */
const unsaved = -1

const mode = z.enum(['prove', 'enrol'])
const assuranceShape = z.enum(acrValues)

const shape = z.object({
  id: z.string(),
  expiresAt: z.number(),
  /** Rises with each change: what compare-and-set compares. */
  rev: z.number(),
  purpose: z.enum(['sign-in', 'sign-up', 'step-up', 'add', 'change', 'reset', 'recover']),
  /** The device it began on; nobody else's browser may carry it on. */
  device: z.string(),
  /** Whose it is, once an answer named an account, or the account's id-to-be at sign-up. */
  account: z.string().optional(),
  /** The address that was typed. */
  email: z.string().optional(),
  /** What is enrolled is the account's at once: at sign-up and after an identity check, once a second factor is enrolled too. */
  real: z.boolean(),
  /** The account's security stamp when the flow came to know the account, or when it last changed it itself. */
  securityStamp: z.number().optional(),
  /** Its account was imported, and lacks a second factor, or has an address that nobody has proved. */
  unguarded: z.boolean().optional(),
  unproved: z.boolean().optional(),
  /** The browser session that it belongs to, and ends with. */
  session: z.string().optional(),
  /** The browser session that goes on after it, whatever it changes. */
  within: z.string().optional(),
  /** The authorization request that waits for it (oidc-provider's interaction uid). */
  interaction: z.string().optional(),
  /** The app wants a sign-in of its own, even where somebody is signed in. */
  anew: z.boolean().optional(),
  client: z
    .object({
      id: z.string().optional(),
      name: z.string(),
      tile: z.string(),
      /** Where somebody who comes too late starts again. */
      home: z.object({ name: z.string(), home: z.string() }).optional(),
    })
    .optional(),
  /** Where to go afterwards, a path of ours. */
  next: z.string().optional(),
  /** The app that is named at the end, with a link to its home: another browser's request to it waits, and this flow answers none. */
  app: z.object({ name: z.string(), home: z.string() }).optional(),
  acr: assuranceShape.optional(),
  add: z.string().optional(),
  /** Until then it counts that the strongest factor was proved in this session shortly before. */
  reauthenticatedUntil: z.number().optional(),
  /** What was proved then. */
  reauthenticatedBy: assuranceShape.optional(),
  /** The identity check that it makes use of; and whether the address that the account is known by is lost, too. */
  case: z.string().optional(),
  moves: z.boolean().optional(),
  /** What is done once it is proved whose account it is: the id of an action, and its arguments. */
  action: z.object({ id: z.string(), args: z.unknown() }).optional(),
  /** As flows of earlier versions say what they are for. They end in nothing, and are begun again. */
  change: z.unknown().optional(),
  approves: z.unknown().optional(),
  /** The tries that the account has on new devices are used up: the mailbox is proved before this one goes on. */
  shut: z.boolean().optional(),
  /** What it is for, in the person's language. */
  reason: z.string().optional(),
  /** The factor that somebody came to use. */
  wants: z.string().optional(),
  /** What was made of where it comes from, once what was proved is enough. */
  verdict: z.object({ ruling: z.enum(rulings), why: z.array(z.enum(allReasons)) }).optional(),
  /** It comes from a device that its owner trusts: no second step is asked where nothing better is wanted. */
  trusted: z.boolean().optional(),
  /** Its owner wants the device to be trusted from now on. */
  trust: z.boolean().optional(),
  /** When the owner was last asked whether it is they. */
  askedAt: z.number().optional(),
  /** The owner said that it is they. */
  confirmed: z.boolean().optional(),
  locale: z.string(),
  /** The time zone of the browser, where it said so. */
  zone: z.string().optional(),
  /** The browser has passkeys; `automatic` where it makes one by itself after a password was used (WebAuthn Level 3, conditional creation). */
  passkeys: z.enum(['yes', 'automatic']).optional(),
  /** Whether a passkey is offered once enough was proved: on a page, or by the browser alone. */
  offered: z.enum(['shown', 'quiet', 'no']).optional(),
  proved: z.array(z.string()),
  /** What counts for less than its factor, because the credential that it was proved by came lately. */
  limits: z.record(z.string(), assuranceShape).optional(),
  enrolled: z.array(z.string()),
  skipped: z.array(z.string()),
  /** Which page of a sign-up this is: its first one is 1, and what sends a person to another page counts one more. */
  pages: z.number().optional(),
  /** The step that was begun. */
  at: z.object({ mode, factor: z.string() }).optional(),
  /** Sealed: the questions that it began with, by their factors. */
  asked: z.record(z.string(), z.string()).optional(),
  /** Sealed: what was enrolled before the account exists. */
  pending: z.string().optional(),
  done: z.object({ acr: assuranceShape.optional(), amr: z.array(z.string()) }).optional(),
})

/** One person's way through a sign-in, sign-up or step-up: what has been proved so far. */
export type Flow = z.output<typeof shape>
export type Mode = z.output<typeof mode>
export type NewFlow = Pick<Flow, 'purpose' | 'device' | 'locale'> &
  Partial<
    Pick<
      Flow,
      | 'account'
      | 'zone'
      | 'securityStamp'
      | 'unguarded'
      | 'email'
      | 'session'
      | 'within'
      | 'interaction'
      | 'anew'
      | 'client'
      | 'next'
      | 'app'
      | 'acr'
      | 'add'
    > &
      Pick<Flow, 'reauthenticatedUntil' | 'reauthenticatedBy' | 'action' | 'reason' | 'wants' | 'case' | 'moves'>
  >

const flowsDeclaration = declare({ name: 'attempts', shape })

export type Flows = ReturnType<typeof flows>

/** Keeps the flows in this store; each lasts an hour. */
export function flows({ store, quota, now }: { store: Store; quota: Quota; now: () => number }) {
  const kept = store.collection(flowsDeclaration)
  return {
    /** Returns a new flow, which its first change stores. People who are not known yet pay by the address that they come `from` for what is stored. Throws `slow_down`. */
    draft: async (begun: NewFlow, from: string): Promise<Flow> => {
      const flow: Flow = {
        real: begun.account !== undefined && begun.purpose !== 'recover',
        proved: [],
        // A sign-up knows its account's id from the start: passkeys are made for it.
        ...(begun.purpose === 'sign-up' && { account: id() }),
        ...begun,
        id: id(),
        expiresAt: now() + lifetime,
        rev: unsaved,
        enrolled: [],
        skipped: [],
      }
      if (begun.account === undefined) await quota.spend(JSON.stringify(flow).length + question, { address: from })
      return flow
    },
    /** Throws `attempt_expired` when there is none (any longer), `attempt_elsewhere` when it began on another device. */
    get: async (own: string, device: string): Promise<Flow> => {
      const flow = await kept.get(own)
      if (!flow) throw new Problem('attempt_expired')
      if (flow.device !== device) throw new Problem('attempt_elsewhere')
      return flow
    },
    /** Stores a flow as it is now. Throws `conflict` when another request changed it first. */
    save: async (flow: Flow): Promise<Flow> => {
      const { id: own, rev } = flow
      const next = { ...flow, rev: rev + 1 }
      if (rev === unsaved) {
        // Before anybody is named, losing it costs only a new start.
        await kept.insert(next, flow.account === undefined)
        return next
      }
      const saved = await kept.patch(own, next, { rev })
      if (!saved) throw new Problem('conflict')
      return saved
    },
    /** Ends it: of several only one gets it. Throws `attempt_expired`. */
    take: async ({ id: own }: Flow): Promise<Flow> => {
      const taken = await kept.take(own)
      if (!taken) throw new Problem('attempt_expired')
      return taken
    },
    /** Notes that its owner confirms it, or ends it where they deny it; false when it is over. Needs no device: a mailed link says so. */
    settle: async (own: string, confirmed: boolean): Promise<boolean> => {
      if (!confirmed) return (await kept.take(own)) !== undefined
      const settled = await update(kept, own, 'rev', ({ done }) => (done ? undefined : { confirmed }))
      return settled !== undefined && !settled.done
    },
  }
}
