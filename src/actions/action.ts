import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import type { Acr } from '../acr.ts'
import type { EventName, Visitor } from '../events.ts'
import type { EndReason } from '../oidc/logout.ts'

const minute = 60_000

/** Somebody who acts on their own account, at their own browser. */
export interface Actor {
  account: Account
  /** The uid of their session. */
  session: string
  visitor: Visitor & { session: string }
  /** The request, for what changes a cookie. */
  ctx: Context
  /** What was proved for this action alone, where that is more than the session says. */
  proved?: { acr: Acr; amr: readonly string[] } | undefined
}

/** A setting that is on or off: its name, in URLs and phrases, and how it stands; undefined where it makes no sense. */
interface Choice {
  name: string
  of(account: Account): boolean | undefined
}

/** Returns a phrase in the reader's language. */
export type SayTo = (key: string) => string

/** What is said once of an action that succeeded. */
export interface Told {
  /** The phrase, and its values. */
  key: string
  values?: Readonly<Record<string, string>> | undefined
  /** The action that puts things back as they were, and its arguments: it is checked, proved for and recorded as any other. */
  undo?: { id: string; args: unknown } | undefined
  /** The app that a link leads back to. */
  app?: { name: string; home: string } | undefined
}

/** What a page that asks first says: its title is the phrase `confirm.<id>.title`. */
interface Confirmation {
  /** What is taken away, by the name that its owner knows. */
  what: string
  /** The phrase of its button: the same as on the button that led here. */
  act: string
  /** What follows, each a phrase that may name `{what}`; what the declaration itself says (sessions that end, a hold) is added to them. */
  consequences: readonly string[]
  /** Where it is cancelled to; where the action itself leads unless told. */
  back?: string
}

/** Something that people do to their account. It is declared once: routes, re-authentication, the step-up page and the tests read this. */
export interface Action<Args extends z.ZodType = z.ZodType, Out = unknown> {
  /** Names it in flows under way, and in the phrase `reason.<id>` of the page that asks for a proof. */
  id: string
  /** What it is done with. Kept with the flow while a proof is given, and parsed again before it runs. */
  args: Args
  /**
   * What must have been proved: no more than `session`, the account's `strongest` factor (or a recovery code and a password in
   * its stead), or an assurance, which may depend on the arguments and on what the account's strongest factor is worth.
   */
  assurance:
    | 'session'
    | 'strongest'
    | Acr
    | ((args: z.output<Args>, strongest: Acr, actor: Actor) => Acr | Promise<Acr>)
  /** How long one proof does for it, in milliseconds. */
  freshFor: number
  /** Throws what would stop it, before anybody proves anything for it, and again before it runs. */
  check?(args: z.output<Args>, actor: Actor): Promise<unknown>
  /** Tells whether somebody gets in, or gets at money, more easily from then on: apps are told to wait. */
  loosens?(args: z.output<Args>, account: Account): boolean | Promise<boolean>
  /** Carries it out, once. Absent where the flow does it by enrolling a factor. */
  run?(args: z.output<Args>, actor: Actor & { loosens: boolean }): Promise<Out>
  /** The factor that the flow enrols, proved or not. */
  enrols?(args: z.output<Args>): string
  /** The sessions that end with it, and why, as apps and the owner are told. */
  endsSessions?: { which: 'others' | 'all'; why: EndReason }
  /** What is on record of it. */
  event: EventName
  /**
   * What is said once it is done, on the page that it leads to: asked before it runs, so that it can tell how to put things back. Without a
   * key it is the phrase `done.<id>`.
   */
  done?(args: z.output<Args>, actor: Actor, say: SayTo): Promise<Partial<Told>>
  /** Puts back what another one changed: it is posted with its arguments to /account/undo, too. */
  undoes?: true
  /** It takes something away: a page of its own asks first, unless that is said by the page that it is done on. */
  confirm?(args: z.output<Args>, actor: Actor, say: SayTo): Promise<Confirmation>
  /** Fills in the phrase `reason.<id>`. */
  reason?(args: z.output<Args>, actor: Actor, say: SayTo): Promise<Record<string, string>>
  /** It is a choice that is on or off, shown on the page of security and posted as `on` or `off` to /account/security/<name>; undefined where it makes no sense. */
  choice?: Choice
  /** What follows from it by itself, later: called every minute. */
  sweep?(): Promise<void>
  /** The page whose form it is, which shows what was typed again where somebody cancels the proof that is asked for. */
  typedAt?: string
  /** Where the browser goes when it is done. */
  leadsTo: string
  /** A proof for it carries nothing out, and leads back to its page: it is decided with everything before one's eyes. */
  decidedAnew?: true
  /** Its outcome is shown once, as the answer to a post at this page: a proof for it leads there, to be posted. */
  shownAt?(flow: string): string
}

/** Declares an action; its types follow from its arguments' schema. */
export const action = <Args extends z.ZodType, Out>(declared: Action<Args, Out>) => declared

/** How long one proof does, in milliseconds. */
export const freshFor = {
  /** What protects an account, and what apps get: long enough to do two or three things in a row, too short for a browser that was left open. */
  changes: 5 * minute,
  /** API keys: somebody who sets a bot up goes back and forth between two windows. */
  keys: 10 * minute,
  /** The pages of the staff: one case takes its time to read, and every opened document is on record. */
  looking: 60 * minute,
  /** What staff are asked before they change anything for somebody, and what they then post: a reason is typed in between. */
  confirming: 5 * minute,
  acting: 15 * minute,
  /** What these pages post: longer than they open for, so that nobody is asked in the middle of what they type. */
  deciding: 90 * minute,
  /** For what takes no more than a session. */
  session: Number.POSITIVE_INFINITY,
} as const
