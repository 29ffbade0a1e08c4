import type { Authenticator, Misbehaviour } from './authenticator.ts'
import type { Page } from './jar.ts'
import type { Person } from './people.ts'

/** What Ada is asked to approve most. */
export const withdrawal = {
  type: 'withdrawal',
  asset: 'BTC',
  amount: '0.5',
  network: 'bitcoin',
  address: 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
} as const
export const payment = {
  type: 'payment',
  amount: '123.50',
  currency: 'EUR',
  creditor: { name: 'Wiener Wasser', account: 'AT611904300234573201' },
  reference: 'Invoice 2026-117',
} as const

/** What a page asks a passkey for. */
export function askedOn(page: Page): { action: string; options: Parameters<Authenticator['get']>[0] } {
  const { attributes = {} } = page.find('[data-passkey]') ?? {}
  return {
    action: new URL(attributes.action ?? '', page.url).href,
    options: JSON.parse(attributes['data-options'] ?? '{}'),
  }
}

/** What the passkey answers. */
export async function signedFor(page: Page, device: Authenticator, wrong: Misbehaviour = {}): Promise<string> {
  const { options } = askedOn(page)
  return JSON.stringify(await device.get(options, new URL(page.url).origin, wrong))
}

/** Answers a page's question for a passkey, by the form that asks it. */
export async function approve(
  { browser }: Person,
  page: Page,
  device: Authenticator,
  { wrong, follow }: { wrong?: Misbehaviour; follow?: boolean } = {},
): Promise<Page> {
  const response = await signedFor(page, device, wrong)
  return browser.post(askedOn(page).action, { response }, { from: page.url, ...(follow !== undefined && { follow }) })
}
