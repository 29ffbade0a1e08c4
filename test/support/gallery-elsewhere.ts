import { account, longApp, longEmail, now, type Picture, picture, trading, wrong } from './gallery-samples.ts'

const line = (id: string, more: object = {}) => ({
  id,
  app: trading,
  message: 'Order 4711: 250.00 EUR to Ledgerly',
  scopes: [],
  resources: [{ name: 'Wallet', scopes: ['read', 'transfer'] }],
  told: [],
  place: 'Austria',
  address: '193.171.23.1',
  at: now - 40_000,
  ...more,
})
const confirm = {
  code: 'WDJB-MJHT',
  there: { device: 'Unknown device', place: 'Vienna, Austria', address: '193.171.23.9' },
  here: { place: 'Vienna, Austria', address: '193.171.23.1' },
  apart: 'near' as const,
  scopes: ['openid', 'offline_access'],
  resources: [{ name: 'Trading', scopes: ['read', 'trade'] }],
  told: [],
  email: 'ada@example.com',
  towards: trading,
}
const told = [
  { attribute: 'kyc_tier', name: 'Verification level', value: '2' },
  { attribute: 'roles', name: 'Your roles in this app', value: undefined },
]
const elsewhere = {
  ...confirm,
  there: { device: 'Chrome on Windows', place: 'São Paulo, Brazil', address: '2804:14c:65a1:8d2f:91ab:34ff:fe12:9c07' },
  apart: 'abroad' as const,
}
const unknown =
  'No device is waiting for this code. Codes expire after five minutes. Show a new code on your device and enter all of it.'
const compare =
  'Check the device first. It must be in front of you and show exactly this code. If it doesn’t, select “I didn’t start this”.'

/** What devices and apps ask for while their person is elsewhere. */
export const elsewherePages: readonly Picture[] = [
  picture('device-enter', 'device/enter', { code: '' }),
  picture('device-enter-wrong', 'device/enter', {
    code: 'WDJB-MJHX',
    ...wrong('unknown_user_code', 'user_code', unknown),
  }),
  picture('device-enter-de', 'device/enter', { code: '', locale: 'de' }),
  picture('device-confirm', 'device/confirm', confirm),
  picture('device-confirm-told', 'device/confirm', { ...confirm, told }),
  picture('device-confirm-far', 'device/confirm', {
    ...confirm,
    apart: 'far',
    ...wrong('not_compared', 'mine', compare),
  }),
  picture('device-confirm-abroad', 'device/confirm', elsewhere),
  picture('device-confirm-abroad-wrong', 'device/confirm', {
    ...elsewhere,
    towards: longApp,
    email: longEmail,
    ...wrong('not_compared', 'compared', compare),
    locale: 'de',
  }),
  picture('device-connected', 'device/connected', {}),
  picture('device-refused', 'device/refused', { locale: 'de' }),
  picture('approvals', 'account/approvals', {
    ...account,
    waiting: [
      line('r1', { told }),
      line('r2', { message: undefined, resources: [], scopes: ['openid', 'email'], address: '' }),
    ],
  }),
  picture('approvals-one', 'account/approvals', {
    person: { email: longEmail },
    waiting: [
      line('r1', {
        app: longApp,
        message: 'Überweisung von 1.250.000,00 EUR an die Donaudampfschifffahrtsgesellschaft in Wien',
        address: '2804:14c:65a1:8d2f:91ab:34ff:fe12:9c07',
      }),
    ],
    notice: { key: 'done.request.refuse' },
    locale: 'de',
  }),
  picture('approvals-none', 'account/approvals', { ...account, waiting: [], notice: { key: 'done.request.approve' } }),
]
