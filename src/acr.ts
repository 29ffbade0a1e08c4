/** Assurance, rising (OpenID Connect Core 1.0, 2: acr): two steps, two different kinds, a passkey. */
export const acrValues = ['mfa', 'aal2', 'phr'] as const
export type Acr = (typeof acrValues)[number]

/** Tells whether this is one of ours. */
export function asAcr(acr: unknown): Acr | undefined {
  return acrValues.find(each => each === acr)
}

/** Tells whether this assurance is enough where that one is asked for. */
export function reaches(acr: Acr | undefined, wanted: Acr): boolean {
  return acr !== undefined && acrValues.indexOf(acr) >= acrValues.indexOf(wanted)
}

/** The best of these. */
export function highest(acrs: readonly (Acr | undefined)[]): Acr | undefined {
  return acrValues.findLast(acr => acrs.includes(acr))
}
