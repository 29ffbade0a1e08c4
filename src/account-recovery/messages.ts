/** What mails about an identity check say. `link` is a path of ours. */
interface Checks {
  /** To a mailbox that somebody can read: the page for documents. */
  'check-begun': { link: string; hours: number }
  /** To the same: the documents are there. */
  'check-sent': { link: string; number: string }
  /** To the same: all can be set up afresh. */
  'check-ready': { link: string; number: string; days: number }
  /** To the same: it ended without that. */
  'check-ended': { number: string }
}

/** Writes to who asked for an identity check; resolves once it is kept. */
export interface Messages {
  check<C extends keyof Checks>(which: C, letter: { to: string; locale: string } & Checks[C]): Promise<void>
}
