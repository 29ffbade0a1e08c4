import { registrationsDeclaration } from '../../src/clients/registrations.ts'
import type { Case, Room } from './cases.ts'

/** What is done to an app of the store. */
const toApp = (more: object = {}) => ({
  before: async ({ admin }: Room) => {
    const by = { client: 'desk', scopes: new Set(['admin:apps.write' as const]), origin: {} }
    const made = { template: 'service', client_id: 'night', client_name: 'Night', reason: 'It is new.' }
    await admin.perform(admin.apps.create, made, by)
  },
  given: () => ({ app: 'night', reason: 'It is time.', ...more }),
  malformed: { app: 7 },
  others: () => ({ app: 'nobody', reason: 'It is time.', ...more }),
  refused: 'not_found',
})
/** What is done to a webhook. */
const toWebhook = (more: object = {}) => ({
  before: async ({ admin, held }: Room) => {
    const scopes = new Set(['admin:webhooks.write' as const, 'admin:audit.read' as const])
    const made = { url: 'https://siem.example/', events: [], reason: 'It is new.' }
    const { id } = await admin.perform(admin.webhooks.create, made, { client: 'desk', scopes, origin: {} })
    held.webhook = id
  },
  given: ({ held }: Room) => ({ webhook: held.webhook, reason: 'It is time.', ...more }),
  malformed: { webhook: 7 },
  others: () => ({ webhook: 'nobody’s', reason: 'It is time.', ...more }),
  refused: 'not_found',
})
/** The cases of what staff do with apps, invitations and webhooks. */
export const operatorCases: Readonly<Record<string, Case>> = {
  'apps.create': {
    given: () => ({ template: 'service', client_name: 'Night', reason: 'It is new.' }),
    malformed: { template: 'nothing' },
  },
  'apps.change': toApp({ client_name: 'Day' }),
  'apps.rotate': toApp({ hours: 1 }),
  'apps.disable': toApp(),
  'apps.enable': toApp(),
  'apps.remove': {
    before: ({ store }) =>
      store
        .collection(registrationsDeclaration)
        .insert({ id: 'app_1', policy: 'third-party', metadata: { client_name: 'Shop' }, registeredAt: 1 }),
    given: () => ({ app: 'app_1', reason: 'It is time.' }),
    malformed: { app: 7 },
    others: () => ({ app: 'desk', reason: 'It is time.' }),
    refused: 'not_found',
  },
  'invitations.create': {
    given: () => ({ uses: 2, days: '14', reason: 'It is new.' }),
    malformed: { uses: [] },
    others: () => ({ policy: 'nobody’s', reason: 'It is new.' }),
    refused: 'unknown_policy',
  },
  'invitations.revoke': {
    before: async ({ admin, held }: Room) => {
      const by = { client: 'desk', scopes: new Set(['admin:apps.write' as const]), origin: {} }
      const made = await admin.perform(admin.invitations.create, { reason: 'It is new.' }, by)
      held.invitation = made.invitation.id
    },
    given: ({ held }: Room) => ({ invitation: held.invitation, reason: 'It was sent to the wrong address.' }),
    malformed: { invitation: 7 },
    others: () => ({ invitation: 'nobody’s', reason: 'It is time.' }),
    refused: 'not_found',
  },
  'webhooks.create': {
    given: () => ({ url: 'https://siem.example/', events: [], reason: 'It is new.' }),
    malformed: { url: 7 },
    others: () => ({ url: 'https://siem.example/', events: ['nothing.happened'], reason: 'It is new.' }),
    refused: 'unknown_event',
  },
  'webhooks.change': toWebhook({ url: 'https://siem.example/new', events: ['session.*'] }),
  'webhooks.replay': toWebhook({ after: 0 }),
  'webhooks.remove': toWebhook(),
}
