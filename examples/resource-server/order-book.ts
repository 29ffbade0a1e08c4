import { type Caller, type Need, Refused, waitWhileHeld } from './guard.ts'

interface Order {
  id: string
  side: string
  price: string
  quantity: string
}

/** A toy: everybody's orders and balance, gone when the process ends. */
export interface OrderBook {
  /** Answers what a route or a method of the exchange scheme asks. Throws Refused. */
  answer(act: string, caller: Caller, sent: Readonly<Record<string, unknown>>): object
}

/** What each act needs to be allowed, by its route and by its name in the exchange scheme. */
export const acts: Readonly<Record<string, { need: Need; act: string }>> = {
  'GET /orders': { need: { scope: 'read' }, act: 'list' },
  'POST /orders': { need: { scope: 'trade' }, act: 'order' },
  // Of people it takes a passkey, and lately.
  'POST /transfers': { need: { scope: 'transfer', acr: 'phr', maxAge: 300 }, act: 'transfer' },
  'POST /v1/private/get-open-orders': { need: { scope: 'read' }, act: 'list' },
  'POST /v1/private/create-order': { need: { scope: 'trade' }, act: 'order' },
  'POST /v1/private/create-withdrawal': { need: { scope: 'transfer' }, act: 'transfer' },
}

/** What nobody may do. */
export const nothing: Need = { scope: '' }

const amount = /^\d{1,12}(\.\d{1,8})?$/

/** Opens an empty book. `now` is in milliseconds. */
export function orderBook(now: () => number): OrderBook {
  const orders = new Map<string, Order[]>()
  const moved = new Map<string, number>()

  return {
    answer: (act, caller, sent) => {
      const { account } = caller
      const own = orders.get(account) ?? []
      if (act === 'list') return { orders: own, moved: moved.get(account) ?? 0 }
      if (act === 'order') {
        const { side, price, quantity } = sent
        if ((side !== 'BUY' && side !== 'SELL') || !isAmount(price) || !isAmount(quantity))
          throw new Refused(422, { error: 'invalid_order' })
        const order = { id: String(own.length + 1), side, price, quantity }
        orders.set(account, [...own, order])
        return order
      }
      waitWhileHeld(caller, now())
      if (!isAmount(sent.amount)) throw new Refused(422, { error: 'invalid_amount' })
      moved.set(account, (moved.get(account) ?? 0) + Number(sent.amount))
      return { moved: moved.get(account) }
    },
  }
}

/** What was sent: JSON, a form or a query; of the exchange scheme its `params`. */
export function sentIn(target: string, body: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(body)
  if (text.startsWith('{')) {
    const { params, ...sent } = JSON.parse(text)
    return params ?? sent
  }
  return Object.fromEntries([...new URLSearchParams(target.split('?')[1]), ...new URLSearchParams(text)])
}

function isAmount(value: unknown): value is string {
  return typeof value === 'string' && amount.test(value)
}
