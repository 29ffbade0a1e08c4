import type { z } from 'zod'
import type { Acr } from '../acr.ts'
import { type Code, Problem } from '../errors.ts'
import type { Dialled } from './contacts.ts'
import type { Evidence } from './webauthn.ts'

/** Two proofs are two factors only when their kinds differ (NIST SP 800-63B-4, 2.2). */
type Kind = 'knowledge' | 'possession' | 'inherence'
/** In which position of a sign-in a factor may be asked for. */
type Position = 'first' | 'second' | 'last'

/** One enrolled credential as its factor sees it. */
export interface FactorCredential<Secret> {
  id: string
  secret: Secret
  label?: string | undefined
}

/** Whom a question is about. An unknown account is one without credentials: same path, same time. */
export interface Subject<Secret> {
  /** The account's id; absent while nobody is named, or nobody of that name exists. */
  account?: string | undefined
  /** The verified address, or the one that was typed. */
  email?: string | undefined
  credentials: readonly FactorCredential<Secret>[]
  /** BCP 47, for what is sent. */
  locale: string
  /** Milliseconds since the epoch. */
  now: number
  /** What one more try may cost: tries left after this one, for messages. */
  left?: number | undefined
  /** The app that they are on the way to. */
  towards?: string | undefined
  /** What is enrolled may be made by the browser alone, with nobody touching anything (WebAuthn Level 3, conditional creation). */
  unattended?: true | undefined
  /** Nothing may be sent: the page is the same, and no answer is right. */
  silent?: true | undefined
  /** The one thing that a proof may be for, as base64url of 32 bytes: a factor that binds makes it its challenge. */
  bound?: string | undefined
}

/** What `begin` decided: what to remember until the answer comes, and what the page shows. */
export interface Begun<State> {
  state: State
  page?: Record<string, unknown>
}

/** A question and its answer. `finish` verifies the answer against what `begin` remembered, and throws a Problem when it is wrong. */
export interface Ceremony<Secret, State, Answer, Outcome> {
  /** Input that `begin` itself needs (a phone number to send to). Absent: it needs none. */
  ask?: z.ZodType<Record<string, unknown>>
  begin?(who: Subject<Secret>, asked: Record<string, unknown>): Promise<Begun<State>>
  /** The answer's shape. Its Problem, if it does not fit, is the factor's to name in `finish`: shapes take strings generously. */
  answer: z.ZodType<Answer>
  finish(answer: Answer, state: State, who: Subject<Secret>): Promise<Outcome>
  /** Throws for an answer that is empty or incomplete, known account or not: it costs no try. */
  complete?(answer: Answer): unknown
}

export interface Enrolled<Secret> {
  /** A unique lookup for factors that name nobody beforehand (a passkey's credential id). */
  lookup?: string
  label?: string
  secret: Secret
}

export interface Proved<Secret> {
  /** The credential that was proved. */
  credential: string
  /** Its changed secret (TOTP step used, code spent, passkey counter): saved by compare-and-set, so that no proof counts twice. */
  secret?: Secret
  /** What was signed, of a factor that binds: for those who have to verify it later. */
  evidence?: Evidence
}

/** How good a new secret is, from 0 to 4, and the Problem that it would be refused with. */
export interface Rated {
  score: number
  fault: Problem | undefined
}

/** What an answer claims about whose it is, before it is verified. */
export type Named = { email: string } | { lookup: string }

// biome-ignore lint/suspicious/noExplicitAny: the list of factors holds every secret, state and answer there is
export interface Factor<Secret = any, EState = any, EAnswer = any, PState = any, PAnswer = any> {
  /** Names its routes, views, phrases and setting. */
  id: string
  kind: Kind
  /** RFC 8176. */
  amr: readonly string[]
  positions: readonly Position[]
  /** The best acr that a proof of it can carry. */
  strength: Acr
  /** Two factors by itself: a user-verified passkey. */
  multiFactor?: true
  /** Its proofs can be for one thing alone, and be shown to others later. */
  binds?: true
  /** Proves the address that an account is known by: a sign-up begins with it. */
  identifies?: true
  /** It can be the mandatory second factor of a new account. */
  mandatory?: true
  /** Its question goes out as a message: flows ration it. */
  channel?: 'email' | 'sms'
  /** How many one account may hold. */
  limit: number
  secret: z.ZodType<Secret>
  enrol: Ceremony<Secret, EState, EAnswer, Enrolled<Secret>>
  prove: Ceremony<Secret, PState, PAnswer, Proved<Secret>> & { names?(answer: PAnswer): Named }
  /** What of a credential may be shown ("••• 42"). Never a secret. */
  hint?(secret: Secret): string
  /** How good a new secret would be, while it is still typed. */
  rate?(typed: string, who: Pick<Subject<Secret>, 'email'>): Promise<Rated>
  /** The countries whose numbers it takes as they are dialled there (ISO 3166-1 alpha-2), with their calling codes. */
  countries?(): readonly Dialled[]
  /** What having enrolled it proves of the account itself. */
  verifiedContact?(secret: Secret): { email?: string; phone?: string }
  /** The number that a credential names and that nobody has proved yet: staff put it in. It proves nothing of the account until a code there does. */
  unproved?(secret: Secret): string | undefined
}

/** Returns the number that a credential names, also one that nobody has proved yet; undefined where it names none. */
export function numberIn(factor: Factor, secret: unknown): string | undefined {
  return factor.unproved?.(secret) ?? factor.verifiedContact?.(secret).phone
}

/** Throws `field_empty` where nothing was typed. */
export function filled(field: string, typed: string): void {
  if (typed.trim() === '') throw new Problem('field_empty', { field, values: { field } })
}

/** Returns the Problem of a wrong answer: shown beside its field, with how many tries are left where that is known. */
export function refused(code: Code, field: string, who: Subject<unknown>, cause?: unknown): Problem {
  return new Problem(code, { field, values: who.left === undefined ? {} : { left: who.left }, cause })
}
