/** Where a request came from. */
export interface Visitor {
  /** The device cookie's digest. */
  device: string
  address: string
  agent: string | undefined
  /** Names the request, as its answer does in X-Request-Id. */
  request?: string
}
