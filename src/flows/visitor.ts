/** Where a request came from. */
export interface Visitor {
  /** The device cookie's digest. */
  device: string
  address: string
  agent: string | undefined
  /** Names the request, as its answer does in X-Request-Id. */
  request?: string
  /** The browser session that acts, where somebody is signed in. */
  session?: string | undefined
}
