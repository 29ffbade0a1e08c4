import { active } from '../accounts/account.ts'
import type { Receipts } from '../accounts/approval-receipt.ts'
import type { Credential } from '../accounts/credential.ts'
import { canonical } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { Subject } from '../factors/factor.ts'
import { type Detail, type Facts, factsOf } from './approval-details.ts'
import { type Approved, digestOf, type Statement } from './approval-statement.ts'
import { limitedUntil } from './assurance.ts'
import type { Challenges } from './challenge.ts'
import type { FlowServices } from './flow-services.ts'
import type { Proof } from './proof.ts'

/** An app's request that its person approves something. */
export interface Request {
  /** Its random name. */
  id: string
  client: string
  account: string
  /** Seconds since the epoch. */
  at: number
  detail: Detail
}

/** What the page of a request shows. */
interface Asked extends Facts {
  /** Something was approved to there before. */
  known: boolean
  /** They hold something that came too lately to approve with. */
  young: boolean
  factor: string
  /** What the factor's question shows. */
  shown: Record<string, unknown>
}

const payee = ({ type, network = '', to }: Facts): string => [type, network, to].join('\n')

type Services = Pick<FlowServices, 'factors' | 'accounts' | 'credentials' | 'hold' | 'emit' | 'now'> & {
  challenges: Challenges
  receipts: Receipts<Approved>
  proof: Proof
  issuer: string
}

export type Approving = ReturnType<typeof approving>

/**
 * Asks people to approve one payment or withdrawal by a passkey that signs just that. Its challenge is the digest of the
 * statement, so no other proof of theirs is one for it, and it is none for anything else.
 */
export function approving(services: Services) {
  const { factors, accounts, credentials, challenges, receipts, proof, issuer, hold, emit, now } = services

  const stated = ({ id, client, account, at, detail }: Request): Statement => ({
    purpose: 'approval',
    iss: issuer,
    sub: account,
    client_id: client,
    request: id,
    iat: at,
    authorization_details: [detail],
  })

  /** What could approve, and of that what counts in full. */
  const binding = (held: readonly Credential[]) => {
    const clock = { hold, now: now() }
    const all = held.flatMap(own => {
      const factor = factors.find(each => each.binds && each.id === own.factor)
      return factor ? [{ own, full: limitedUntil(own, factor, clock) === undefined }] : []
    })
    return { all, able: all.filter(each => each.full).map(each => each.own) }
  }

  /** Whom it is about, and what they could prove it by. */
  const looked = async (request: Request) => {
    const { account: id } = request
    const [person, held] = await Promise.all([accounts.get(id), credentials.of(id)])
    if (!active(person)) throw new Problem('not_offered')
    const { all, able } = binding(held)
    const factor = factors.find(each => each.id === able[0]?.factor)
    if (!factor) throw new Problem('not_offered')
    const { email, locale } = person
    const own = able.filter(each => each.factor === factor.id)
    const subject: Subject<unknown> = {
      account: id,
      email,
      locale,
      credentials: own,
      now: now(),
      bound: digestOf(stated(request)),
    }
    const question = { flow: `approval-${request.id}`, mode: 'prove' as const, factor }
    return { held, factor, subject, question, young: able.length < all.length }
  }

  return {
    /** Asks for a proof that is for this request alone. Throws `not_offered` for people who hold nothing that could give one. */
    ask: async (request: Request): Promise<Asked> => {
      const { factor, question, subject, young } = await looked(request)
      const shown = (await challenges.shown(question)) ?? (await challenges.begin(question, subject))
      const facts = factsOf(request.detail)
      const known = await receipts.knows(request.account, payee(facts))
      return { ...facts, known, young, factor: factor.id, shown }
    },
    /** Tells whether the account has to wait with approvals: while it is held, or while all that could approve came to it lately. */
    waits: async (id: string): Promise<boolean> => {
      const [person, held] = await Promise.all([accounts.get(id), credentials.of(id)])
      if (!person || (person.holdUntil ?? 0) > now()) return true
      const { all, able } = binding(held)
      return all.length > 0 && able.length === 0
    },
    /** Verifies the proof and keeps the receipt; resolves to its id. Throws the factor's Problem; `attempt_expired` when it was approved already. */
    approve: async (request: Request, by: string, answer: unknown, visitor: Visitor): Promise<string> => {
      const { held, factor, question, subject } = await looked(request)
      const { account, client } = request
      if (by !== factor.id) throw new Problem('not_offered')
      const { evidence, credential, noted } = await proof({ question, subject, credentials: held }, answer, visitor)
      await noted
      const statement = stated(request)
      const id = digestOf(statement)
      const facts = factsOf(request.detail)
      if (!evidence) throw new Problem('not_offered')
      const kept = { id, account, client, at: now(), content: { statement, evidence } }
      if (!(await receipts.keep(kept, payee(facts)))) throw new Problem('attempt_expired')
      // Whom it goes to stays out of the log, which nothing is ever taken from.
      const { type, amount, unit } = facts
      await emit('approval.given', { account, client, receipt: id, credential, type, amount, unit }, visitor)
      return id
    },
    /** Resolves to the receipt for a code, once, if it is for this; undefined otherwise. */
    redeem: async (id: string, { account, client, detail }: Pick<Request, 'account' | 'client' | 'detail'>) => {
      const receipt = await receipts.redeem(id)
      const meant = receipt?.account === account && receipt.client === client
      const same = receipt && canonical(receipt.content.statement.authorization_details) === canonical([detail])
      return meant && same ? receipt : undefined
    },
  }
}
