import { z } from 'zod'
import type { Approvals } from '../oidc/remote-approvals.ts'
import { action, freshFor } from './action.ts'

/** What people answer to apps and devices that ask while their person is elsewhere (CIBA Core 1.0; RFC 8628). */
export function approvalActions({ approvals }: { approvals: Approvals }) {
  return {
    approve: action({
      id: 'request.approve',
      args: z.object({ request: z.string(), attributes: z.array(z.string()).default([]) }),
      assurance: async ({ request }, _, { account }) => (await approvals.waiting(request, account.id)).acr,
      freshFor: freshFor.changes,
      run: ({ request, attributes: read }, { account, session, proved, visitor }) =>
        approvals.approve(request, { account: account.id, session, proved, read }, visitor),
      event: 'request.approved',
      reason: async ({ request }, { account }) => ({ app: (await approvals.waiting(request, account.id)).app.name }),
      leadsTo: '/account/approvals',
    }),
    refuse: action({
      id: 'request.refuse',
      args: z.object({ request: z.string(), reported: z.boolean() }),
      assurance: 'session',
      freshFor: freshFor.session,
      run: ({ request, reported }, { account, session, visitor }) =>
        approvals.refuse(request, { account: account.id, session }, reported, visitor),
      event: 'request.refused',
      done: async ({ reported }) => ({ key: reported ? 'done.request.report' : 'done.request.refuse' }),
      leadsTo: '/account/approvals',
    }),
  }
}
