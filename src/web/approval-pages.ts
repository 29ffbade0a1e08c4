/** Pages of who approves what was asked elsewhere. */
export interface ApprovalPages {
  /** Asks for the code that a device shows; posts `user_code` to `/device`. */
  'device/enter': { code: string }
  /**
   * Who asks, from where, beside where the person is: posts `user_code` to `/device/approve` and `/device/refuse`; `mine=yes`
   * where the two are apart, and `compared`, the code once more, where they are in two countries.
   */
  'device/confirm': {
    code: string
    there: { device: string; place: string; address: string }
    here: { place: string; address: string }
    apart: 'near' | 'far' | 'abroad'
    scopes: readonly string[]
    resources: readonly { name: string; scopes: readonly string[] }[]
    email: string
  }
  'device/connected': Record<never, never>
  'device/refused': Record<never, never>
  /** What apps ask for; posts `request` to `/account/approvals/approve`, `refuse` and `report`. `done` is what became of one a moment ago. */
  'account/approvals': {
    waiting: readonly {
      id: string
      app: { name: string; tile: string }
      message: string | undefined
      scopes: readonly string[]
      resources: readonly { name: string; scopes: readonly string[] }[]
      place: string
      address: string
      at: number
    }[]
    done: string | undefined
  }
}
