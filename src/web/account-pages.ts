import type { Happened } from './activity-entry.ts'
import type { DeviceLine, RestrictionsView, SessionLine } from './lines.ts'

/** A factor as pages name it: its phrases are `factor.<id>.*`. */
export interface FactorView {
  id: string
}

/** The pages of who is signed in: what is theirs, to see and to change. */
export interface AccountPages {
  /** `holdUntil`: until then apps are told to wait with what cannot be undone. */
  'account/overview': {
    email: string
    factors: readonly Credential[]
    apps: readonly string[]
    since: number
    holdUntil: number | undefined
    /** How many apps ask for something. */
    waiting: number
  }
  /** What somebody says of themselves, for apps; posts to itself. Languages by their code, each in itself. */
  'account/profile': {
    name: string
    username: string
    language: string
    zone: string
    languages: Readonly<Record<string, string>>
    zones: readonly string[]
    saved: boolean
  }
  /** Posts to `/account/security/<act>`: `add` (`factor`), `rename` (`credential`, `name`), `prefer`, `remove` (`credential`), `phrase`, `texts` (`on` or `off`). */
  'account/security': {
    factors: readonly Protector[]
    addable: readonly FactorView[]
    devices: readonly DeviceLine[]
    restrictions: RestrictionsView
    /** The owner's words in our mails; empty when there are none. */
    phrase: string
    /** Are they texted, too? Undefined where there is no number. */
    texts: boolean | undefined
    /** What password managers are told, so that they keep no passkey that is gone (WebAuthn Level 3, 5.1.10). */
    signals: { rpId: string; user: string; name: string; passkeys: readonly string[] }
  }
  'account/activity': {
    entries: readonly Happened[]
    kinds: readonly string[]
    /** The filter as it was typed: days as YYYY-MM-DD. */
    typed: { kind?: string | undefined; from?: string | undefined; to?: string | undefined }
    /** The filter as a query, `?kind=apps`; and that of the page after this one. */
    query: string
    older: string | undefined
    /** Is this the first page? */
    first: boolean
  }
  /** Rules of the owner's own; posts to itself. `all`: every country there is. `here`: where this page is seen. */
  'account/restrictions': {
    devices: boolean
    addresses: string
    countries: readonly string[]
    all: readonly { code: string; name: string }[]
    here: { address: string; place: string }
    /** Where the owner will be, posted as `country` and `until` (a day) to `/account/security/travel`; the first and the last day that one may say. */
    travel: { country: string; until: string; from: string; to: string }
  }
  /** Posts to `/account/sessions/end` (`session`) and `/account/sessions/end-others`. */
  /** `cut` says after how many the past ones end, where there are more. */
  'account/sessions': {
    current: readonly SessionLine[]
    past: readonly SessionLine[]
    cut: number | undefined
  }
  /** Posts to `/account/api-keys`, and to `<id>/rename`, `<id>/rotate` and `<id>/revoke` below it. `at` is the key that the problem is about. */
  'account/api-keys': {
    keys: readonly KeyLine[]
    /** What there is to choose from. */
    scopes: readonly string[]
    typed: { name: string; scope: readonly string[]; addresses: string; expires: string; public_key: string }
    at: string | undefined
    /** YYYY-MM-DD. */
    today: string
    /** The account has as many as it can have. */
    full: boolean
  }
  /** Says what goes and what stays; its button is posted to itself. `days`: for how many one may change one's mind. */
  'account/close': { email: string; days: number }
  /** What there is to take along; posts `attempt`, the proof that was given for it, to itself. */
  'account/data': { attempt: string }
  /** What apps may do; posts `client` to `/account/apps/revoke`. */
  'account/apps': { others: readonly AppLine[]; suite: readonly AppLine[] }
  /** A key that was made or rotated a moment ago. No secret where the owner keeps the private key. */
  'account/api-key': { key: KeyLine; secret: string | undefined }
}

/** An app in words. Times in milliseconds since the epoch; undefined where nobody knows. */
export interface AppLine {
  id: string
  name: string
  /** Of an app that nobody vouches for: the host to go by. */
  host: string | undefined
  tile: string
  scopes: readonly string[]
  resources: readonly { name: string; scopes: readonly string[] }[]
  since: number | undefined
  usedAt: number | undefined
}

/** A held credential as account pages list it. Times in milliseconds since the epoch. */
export interface Credential {
  id: string
  factor: FactorView
  label: string | undefined
  hint: string | undefined
  createdAt: number
  usedAt: number | undefined
  /** Until when it counts for no more than the proof that authorised it. */
  until?: number | undefined
}

/** A credential, and what its owner may do with it. */
export interface Protector extends Credential {
  /** `change` enrols another in its place. */
  acts: readonly ('change' | 'rename' | 'prefer' | 'remove')[]
  /** It is asked for first. */
  preferred: boolean
}

/** An API key in words. Times in milliseconds since the epoch. */
export interface KeyLine {
  id: string
  name: string
  scopes: readonly string[]
  addresses: readonly string[]
  /** It signs with a private key that its owner keeps. */
  pair: boolean
  createdAt: number
  usedAt: number | undefined
  usedFrom: string | undefined
  /** The last moment that it signs. */
  endsAt: number | undefined
  ended: boolean
  /** Until when what a rotation replaced still signs. */
  formerUntil: number | undefined
}
