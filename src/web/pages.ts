import type { Problem } from '../errors.ts'

/** Who asked that somebody signs in: shown on every page of the way. */
export interface Towards {
  name: string
  /** One of the names that views/assets knows as a tile: trading, staking, wallet, card; others get a neutral one. */
  tile: string
}

/** A factor as pages name it: its phrases are `factor.<id>.*`. */
export interface FactorView {
  id: string
}

/** What one step of a sign-in, sign-up or step-up shows, whichever factor it is about. */
interface Step {
  /** `/sign-in/<attempt>` or the like: the factor's answer is posted to `<base>/<factor id>`. */
  base: string
  factor: FactorView
  /** What the factor's `begin` gave to show. Undefined while it asks something first (a phone number): that is posted to `<base>/<factor id>/begin`. */
  shown: Record<string, unknown> | undefined
  /** What was typed, but for secrets. */
  typed: Record<string, string>
  /** Other ways: each a button posted to `<base>/use` as `factor`. */
  others: readonly FactorView[]
  /** May be passed over, by a post to `<base>/skip`. */
  optional: boolean
  /** Where we are on the way, for sign-up: page `at` of `of`. */
  progress: { at: number; of: number } | undefined
  /** Whose step it is, as typed: shown, and told to password managers. */
  email?: string | undefined
  /** Where somebody who has an account already goes: shown on the first page of a sign-up. */
  signIn?: string | undefined
}

/** Every page and what it is given, besides the Frame. Views are views/<name>.ejs; a misspelt local is an error. */
export interface Pages {
  /** First step of a sign-in: email and password (posted to `<base>/password`), or a passkey (hidden field `response` to `<base>/passkey`, by script only). */
  'sign-in/start': { base: string; email: string; passkey: Record<string, unknown> | undefined; signUp: string }
  /** Any factor being proved: includes factors/<id>/prove. */
  'sign-in/prove': Step
  /** Any factor being enrolled: includes factors/<id>/enrol. */
  'sign-in/enrol': Step
  /** A third-party app asks for access. Posts to `<base>/consent` and `<base>/abort`. */
  'sign-in/consent': {
    base: string
    scopes: readonly string[]
    resources: readonly { name: string; scopes: readonly string[] }[]
    email: string
  }
  /** Asks whether to sign out everywhere, or to stay. `xsrf` goes along as a hidden field; `logout=yes` signs out. */
  'sign-in/sign-out': { action: string; xsrf: string; email: string | undefined }
  'sign-in/signed-out': { app: string | undefined }
  'account/overview': { email: string; factors: readonly Credential[]; apps: readonly string[]; since: number }
  'account/security': { factors: readonly Credential[]; addable: readonly FactorView[] }
  /** `retryAfter` is in seconds. */
  error: { status: number; code: string; retryAfter: number | undefined; request: string }
  'dev/outbox': {
    messages: readonly {
      id: string
      at: number
      channel: string
      to: string
      subject: string
      text: string
      code?: string
      link?: string
    }[]
    to: string
  }
  help: Record<never, never>
}

/** A held credential as account pages list it. Times in milliseconds since the epoch. */
export interface Credential {
  id: string
  factor: FactorView
  label: string | undefined
  hint: string | undefined
  createdAt: number
  usedAt: number | undefined
}

/** What every view can use. */
export interface Frame {
  /** The page's name, `sign-in/start`. */
  view: string
  /** The phrase of this key in the page's language, text (escaped by the view as usual). */
  t(key: string, values?: Record<string, string | number>): string
  /** Is there a phrase of this key? */
  has(key: string): boolean
  /** What happened and what to do next, of a problem's code; `retryAfter` in seconds. */
  explain(code: string, retryAfter?: number): string
  /** A moment as people read it, in the page's language: date and time, or the date alone. */
  when(at: number, day?: boolean): string
  /** Milliseconds since the epoch: what a countdown starts from, whatever the reader's clock says. */
  now: number
  locale: 'en' | 'de'
  /** Text of the `h1` and the document's title. Told by the phrases of the page, its factor or its status unless given. */
  title: string
  towards: Towards | undefined
  /** Who is signed in, on account pages. */
  person: { email: string } | undefined
  /** What went wrong with the last post: stands beside `field`, or above the form without one. `text` is its phrase. */
  problem: { code: Problem['code']; field: string | undefined; text: string } | undefined
  /** A URL under /assets with its content's digest, cacheable for ever. */
  asset(name: string): string
}
