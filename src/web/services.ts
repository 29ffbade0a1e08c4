import type Router from '@koa/router'
import type { Context } from 'koa'
import type { StaffDecisions } from '../account-recovery/staff-decisions.ts'
import type { Submissions } from '../account-recovery/submission.ts'
import type { Receipts } from '../accounts/approval-receipt.ts'
import type { Roles } from '../accounts/role.ts'
import type { SessionBook } from '../accounts/session.ts'
import type { Action } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import type { Admin } from '../admin/index.ts'
import type { Owner } from '../api-keys/owner.ts'
import type { Attribute } from '../clients/attributes.ts'
import type { App } from '../clients/declared.ts'
import type { Approving } from '../flows/approval.ts'
import type { Approved } from '../flows/approval-statement.ts'
import type { Closing } from '../flows/closing.ts'
import type { Disowning } from '../flows/disowning.ts'
import type { Resume } from '../flows/flow.ts'
import type { FlowServices } from '../flows/flow-services.ts'
import type { Flow, Flows, NewFlow } from '../flows/flow-store.ts'
import type { Mailbox } from '../flows/mailbox.ts'
import type { Resetting } from '../flows/resetting.ts'
import type { Activity } from '../observers/activity.ts'
import type { Oidc } from '../oidc/provider.ts'
import type { Places } from '../risk/places.ts'
import type { Risk } from '../risk/weigh.ts'
import { concluded, finishing } from './finishing.ts'
import { beginFlow } from './flow-start.ts'
import { queryField } from './forms.ts'
import { typedBefore } from './notices.ts'
import type { Pages, Samples } from './pages.ts'
import type { Words } from './phrases.ts'
import type { Show } from './show.ts'
import { stepUp } from './step-up.ts'
import type { Sealed } from './typed-address.ts'
import { type SignedIn, type Visit, visits } from './visit.ts'

/** What the pages stand on: the parts of other rooms, by the names that pages use. */
export interface Rooms
  extends Pick<FlowServices, 'accounts' | 'credentials' | 'devices' | 'emit' | 'factors' | 'hold' | 'now' | 'throttle'>,
    Pick<Oidc, 'approvals' | 'consents' | 'interactions' | 'sessions'> {
  actions: Actions
  activity: Activity
  admin: Admin
  /** The lines of an export of the audit log, which ends with a signed head. */
  auditExport: () => AsyncGenerator<string>
  /** Finds an app by its client id. */
  app: (client: string) => Promise<App | undefined>
  /** Resolves to an app's name by its client id. */
  appName: (client: string) => Promise<string | undefined>
  /** Returns the attributes that people can have, by name. */
  attributes: () => ReadonlyMap<string, Attribute>
  /** Lists the apps of clients.json. */
  suite: () => readonly App[]
  /** Returns whether an Authorization header is that of `latchkey doctor` with the same secrets. */
  asksItself: (authorization: string) => boolean
  approving: Approving
  book: SessionBook
  submissions: Submissions
  closing: Closing
  /** Where to report a weakness; without one there is no security.txt. */
  contacts: readonly string[]
  staffDecisions: StaffDecisions
  disowning: Disowning
  /** Why the file of events cannot be written; undefined while it can, and where there is none. */
  eventFileFault: () => string | undefined
  flows: Flows
  issuer: string
  /** Lists the development outbox, for this machine alone; undefined where messages are really sent. */
  kept: ((to?: string) => Promise<Pages['dev/outbox']['messages']>) | undefined
  /** The samples of the gallery; undefined in production. */
  samples: (() => Promise<Samples>) | undefined
  /** Composes an email, for the gallery. */
  compose: (name: string, values: Record<string, unknown> & { locale: string }) => { html: string; text: string }
  /** Composes a text message, for the gallery. */
  composeText: (name: string, values: Record<string, unknown> & { locale: string }, kind: 'code' | 'notice') => string
  mailbox: Mailbox
  /** Prometheus' text, and whether an Authorization header may read it; undefined where there is no such page. */
  metrics: { admits: (authorization: string) => boolean; text: () => Promise<string> } | undefined
  owner: Owner
  places: Pick<Places, 'of'>
  /** Resolves to whether the store can be written. */
  ready: () => Promise<boolean>
  receipts: Receipts<Approved>
  resetting: Resetting
  resume: Resume
  risk: Risk
  /** Seals what a cookie keeps of a person. */
  sealed: Sealed
  roles: Roles
  /** The relying party's id of passkeys: the issuer's host name. */
  rpId: string
  show: Show
  words: Words
}

/** What a page module is given. Each names in its parameter what it takes of it. */
export type Services = ReturnType<typeof services>

/** Adds to the rooms what pages share: their router, who is signed in, and the way through a flow and out of it. */
export function services(rooms: Rooms, router: Router<Visit>) {
  const signedIn = visits(rooms, router)
  return {
    ...rooms,
    ...signedIn,
    ...stepUp(rooms, signedIn, router),
    router,
    beginFlow: (ctx: Context, begun: Omit<NewFlow, 'device' | 'locale'> & { locale?: string }) =>
      beginFlow(ctx, rooms, begun),
    typedBefore: <A extends Action>(ctx: Context, person: SignedIn, action: A) =>
      typedBefore(ctx, rooms, person, action, queryField(ctx, 'typed', 100)),
    concluded: (ctx: Context, flow: Flow) => concluded(ctx, rooms, flow),
    finish: finishing(rooms),
  }
}
