import { reaches } from '../flows/assurance.ts'

/** Assurance, rising (OpenID Connect Core 1.0, 2: acr). */
export const acrValues = ['mfa', 'aal2', 'phr'] as const
export type Acr = (typeof acrValues)[number]

/** Is this one of ours? */
export function asAcr(acr: unknown): Acr | undefined {
  return acrValues.find(each => each === acr)
}

/** What a request demands of how somebody signed in. */
export interface Demand {
  /** The least assurance that will do. */
  least: Acr | undefined
  /** The ID token's acr must be one of these (OpenID Connect Core 1.0, 5.5.1.1). */
  essential: readonly string[] | undefined
}

/** What a request says of it: of `acr_values`, and of the claims parameter, any value listed will do, and those we do not know ask for nothing. */
interface Asked {
  acr_values?: unknown
  claims?: unknown
  /** What is to be approved takes the best there is. */
  authorization_details?: unknown
}

/** Reads what a request demands. */
export function demandOf({ acr_values, claims, authorization_details }: Asked): Demand {
  const { essential, listed } = acrClaim(claims)
  const named = authorization_details ? ['phr'] : typeof acr_values === 'string' ? acr_values.split(' ') : []
  const wanted = [named, listed].map(list => acrValues.findIndex(each => list.includes(each)))
  return { least: acrValues[Math.max(...wanted)], essential: essential ? listed : undefined }
}

/** The acr that an ID token tells: the session's, or the best that it reaches of those that were essential. */
export function toldAcr(held: string | undefined, { essential }: Demand): string | undefined {
  if (!essential) return held
  return acrValues.findLast(each => essential.includes(each) && reaches(asAcr(held), each))
}

/** `claims` is the parameter's text, which the library has parsed before. */
function acrClaim(claims: unknown): { essential: boolean; listed: readonly string[] } {
  const parsed = typeof claims === 'string' ? JSON.parse(claims) : {}
  const { essential, value, values } = (parsed.id_token?.acr ?? {}) as Record<string, unknown>
  const listed = [value ?? [], values ?? []].flat().filter(each => typeof each === 'string')
  return { essential: essential === true && listed.length > 0, listed }
}
