/** A session in words. Times in milliseconds since the epoch; 0 where nobody knows. */
export interface SessionLine {
  id: string
  device: string
  /** Held in the hand. */
  phone: boolean
  place: string
  address: string
  /** What was proved. */
  how: readonly string[]
  apps: readonly string[]
  startedAt: number
  seenAt: number
  /** It is the one that this page is seen in. */
  here: boolean
  /** Why it stands out: each has a phrase, `risk.<id>`. */
  unusual: readonly string[]
  /** Its phrase is `session.why.<why>`. No time where it came to its own end. */
  ended: { at: number | undefined; why: string } | undefined
}

/** A trusted device in words; forgotten by a post of `device` to `/account/security/forget`. Times in milliseconds since the epoch. */
export interface DeviceLine {
  id: string
  name: string
  place: string
  address: string
  seenAt: number
  /** When it asks for a second step again; undefined where it does already. */
  until: number | undefined
  /** It is the one that this page is seen on. */
  here: boolean
}

/** Who may sign in, in words; empty lists where any may. */
export interface RestrictionsView {
  devices: boolean
  addresses: readonly string[]
  countries: readonly string[]
}
