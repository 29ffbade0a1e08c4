import type { Told } from '../actions/action.ts'
import type { Problem, Refusal } from '../errors.ts'
import type { Dialled } from '../factors/contacts.ts'

/** A factor as pages name it: its phrases are `factor.<id>.*`. */
export interface FactorView {
  id: string
}

/** The app that somebody signs in for: shown on every page of the flow. */
interface Towards {
  name: string
  /** One of the names that views/assets knows as a tile: trading, staking, wallet, card; others get a neutral one. */
  tile: string
  /** Its logo, as a data URL of ours. */
  logo?: string | undefined
}

/** The countries of phone numbers by their names, and the one to begin with. */
interface Dialling {
  list: readonly (Dialled & { name: string })[]
  first: string
  /** The list is open, as somebody sees it who selects the field. */
  opened?: boolean
}

/** What one step of a sign-in, sign-up or step-up shows, whichever factor it is about. */
interface Step {
  /** `/sign-in/<flow>` for example: the factor's answer is posted to `<base>/<factor id>`. */
  base: string
  factor: FactorView
  /** What the factor's `begin` gave to show. Undefined while it asks something first (a phone number): that is posted to `<base>/<factor id>/begin`. */
  shown: Record<string, unknown> | undefined
  /** What was typed, but for secrets. */
  typed: Record<string, string>
  /** Other ways: each a button posted to `<base>/use` as `factor`; one with `dialled` (as below) asks for a number, posted to `<base>/<id>/begin`. */
  others: readonly (FactorView & { dialled?: Dialling | undefined })[]
  /** Whether it may be skipped, by a post to `<base>/skip`. */
  optional: boolean
  /** The browser makes a passkey by itself; `quiet`: where it does not, the page goes on by itself. */
  automatic?: 'shown' | 'quiet' | undefined
  /** Until when it counts for no more than what was proved for it, in milliseconds. */
  until?: number | undefined
  /** Offers to trust the device from now on: `trust=yes` along with the answer. */
  trust?: boolean | undefined
  /** The second steps of which a sign-up sets up one next: posted as `second` along with the answer. */
  seconds?: readonly { id: string; chosen: boolean }[]
  /** How far a sign-up is: page `at` of `of`. */
  progress: { at: number; of: number } | undefined
  /** The address as it was typed: shown, and given to password managers. */
  email?: string | undefined
  /** They used a recovery code, and so have to set something up anew. */
  lost?: boolean
  /** What of theirs is asked for, where a session is asked to prove more: the name of a credential. */
  current?: string | undefined
  /** The countries whose numbers can be typed as they are dialled there, posted as `country`, and the one to begin with. */
  dialled?: Dialling | undefined
  /** The app's request that somebody else may go on with: a post to `<switches>/switch`. */
  switches?: string | undefined
  /** Where a post cancels it, and nothing is changed. */
  cancel?: string | undefined
  /** Where people who have an account sign in: shown on the first page of a sign-up. */
  signIn?: string | undefined
}

/** Every page by the name of its view, views/<name>.ejs, with what it is given besides the Frame. Each module adds the pages that it shows. */
export interface Pages {
  /** First step of a sign-in: email and password (posted to `<base>/password`), or a passkey (hidden field `response` to `<base>/passkey`, by script only). */
  'sign-in/start': {
    base: string
    email: string
    passkey: Record<string, unknown> | undefined
    signUp: string
    /** The app's request that somebody else may go on with: a post to `<switches>/switch`. */
    switches?: string | undefined
  }
  /** Any factor being proved: includes factors/<id>/prove. */
  'sign-in/prove': Step
  /** Any factor being enrolled: includes factors/<id>/enrol. */
  'sign-in/enrol': Step
  /** Enough was proved, and the sign-in waits for its owner to confirm it: a post to `<base>/held` goes on, one to `<base>/held/begin` sends the mail again. */
  'sign-in/held': { base: string; email: string | undefined; why: readonly string[]; resendAt: number }
  /** Strangers have used up the account's tries on new devices: a post to `<base>/mailbox` goes on, with `code` or after the link was followed; so does a passkey, or one of `others`. */
  'sign-in/mailbox': {
    base: string
    email: string | undefined
    passkey: Record<string, unknown> | undefined
    others: readonly { id: string }[]
  }
  /** Enough was proved, and yet nobody is let in: why, as `risk.<id>`. */
  'sign-in/refused': { why: readonly string[] }
  /** The person's credentials will be enough from `until` on (milliseconds): a post to `leave` tells the app, or a link leads `back`. */
  'sign-in/later': { until: number; leave: string | undefined; back: string }
  /** `retryAfter` is in seconds; `request` names it in the log; `refusal` is for developers of apps, in development. */
  error: {
    status: number
    code: string
    retryAfter: number | undefined
    request: string
    refusal?: Refusal | undefined
    /** The app that an expired page was for. */
    app?: { name: string; home: string } | undefined
    /** The sign-in that an expired link was asked for at. */
    from?: string | undefined
  }
}

/** What every view is given. */
export interface Frame {
  /** The page's name, `sign-in/start`. */
  view: string
  /** The phrase of this key in the page's language, text (escaped by the view as usual). */
  t(key: string, values?: Record<string, string | number>): string
  /** Says whether there is a phrase of this key. */
  has(key: string): boolean
  /** Says what happened and what to do next, for a problem's code; `retryAfter` in seconds. */
  explain(code: string, retryAfter?: number): string
  /** Writes a time in the page's language and zone: date and time, or the date alone. */
  when(at: number, day?: boolean): string
  /** Milliseconds since the epoch: where a countdown starts, whatever the reader's clock says. */
  now: number
  /** The page's language (BCP 47), and the direction in which it is written. */
  locale: string
  direction: 'ltr' | 'rtl'
  /** The reader's time zone, where it is known. */
  zone: string | undefined
  /** Every language there is, by its tag; and the page that its switcher leads back to, a path of ours. */
  languages: Readonly<Record<string, { name: string; direction: 'ltr' | 'rtl' }>>
  stay: string
  /** The colours to show it in, whatever the browser prefers: in the gallery. */
  theme: 'light' | 'dark' | undefined
  /** What the house is called and looks like. Logos are assets; `wordmark` says that the logo is the name as well. */
  brand: {
    name: string
    logo: { light: string; dark: string | undefined; wordmark: boolean } | undefined
    links: { terms?: string | undefined; privacy?: string | undefined; support?: string | undefined }
    theme: { light: string; dark: string }
    /** Its style sheet, an asset. */
    style: string | undefined
  }
  /** Text of the `h1` and the document's title: the phrase of the page, its factor or its status unless given. */
  title: string
  towards: Towards | undefined
  /** What a proof is asked for, where no app asks. */
  reason: string | undefined
  /** Who is signed in, on account pages. `staff`: a link leads to the pages of the staff. */
  person: { email: string; staff?: boolean } | undefined
  /** What the reader may do, on pages of the staff. */
  staff: readonly string[] | undefined
  /** What went wrong with the last post: shown beside `field`, or above the form without one. `text` is its phrase; `credential` is a passkey that no account takes any more; `retryAfter` is in seconds. */
  problem:
    | {
        code: Problem['code']
        field: string | undefined
        credential?: string | undefined
        text: string
        retryAfter?: number | undefined
      }
    | undefined
  /** What has just succeeded: said once, with the way to undo it where there is one. */
  notice: Told | undefined
  /** A URL under /assets with its content's digest, cacheable for ever. */
  asset(name: string): string
}

/** What the development gallery shows: pages, emails and text messages with samples of what they are given. */
export interface Samples {
  gallery: readonly { title: string; page: keyof Pages; locals: object & Partial<Frame> }[]
  letters: readonly { title: string; name: string; data: Record<string, unknown> }[]
  /** `what` is the phrase that says what was done. */
  texts: readonly {
    title: string
    name: string
    kind: 'code' | 'notice'
    data: Record<string, unknown>
    what?: string | undefined
  }[]
  /** The moment of every page, in milliseconds since the epoch. */
  now: number
}
