import { z } from 'zod'
import { fixedBy, templateNames } from '../clients/app-templates.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import { clientShape } from '../clients/file.ts'
import { type Policy, thirdParty } from '../clients/policies.ts'
import type { Clients } from '../clients/registry.ts'
import { operation } from './operation.ts'

interface Services {
  clients: Pick<Clients, 'declared'>
}

const sources = ['file', 'default'] as const
type Source = (typeof sources)[number]
const from = <V extends z.ZodType>(value: V) => z.object({ value, source: z.enum(sources) })
const words = from(z.array(z.string()))
const seconds = from(z.number().describe('Seconds'))

const shown = z.object({
  kind: z
    .enum(['registration', 'store', 'file'])
    .describe(
      'registration: apps that registered under this policy; store: apps that staff made of this template; file: apps of clients.json',
    ),
  name: z.string().describe('The name of the policy or of the template; clients.json'),
  source: z.enum(sources).describe('file: clients.json; default: Latchkey, unless clients.json says otherwise'),
  uninvited: z
    .boolean()
    .describe('Whether it is the policy of apps that come without an invitation, and of those known by a document'),
  acr: from(z.string()).describe('What people prove at least when they sign in to it; an app can ask for more'),
  consent: from(z.enum(['asked', 'first_party'])).describe(
    'first_party: people are asked unless the entry of the app says that it is of the suite',
  ),
  grant_types: words,
  token_endpoint_auth_methods: words,
  pkce_required: from(z.boolean()).describe('Apps that cannot authenticate must use PKCE in any case'),
  scope: words.describe('The most that it can be given beside scopes of APIs'),
  apis: from(z.record(z.string(), z.array(z.string())))
    .optional()
    .describe('The most that it can be given; absent where each app says it for itself'),
  redirect_hosts: words.optional().describe('The only hosts that it may send people back to; any where it is absent'),
  access_token_ttl: seconds,
  id_token_ttl: seconds,
  refresh_token_ttl: seconds.describe('Since its last use'),
})
/** What apps of one kind must meet, and where that is said. */
export type PolicyShown = z.output<typeof shown>

const usual = <V>(value: V) => ({ value, source: 'default' as const })
/** What policy asks of every sign-in: see flows/policy.ts. */
const least = 'mfa'

/** What staff see of the policies of apps. They are declared in clients.json alone, so nothing changes them here. */
export function policyOperations({ clients }: Services) {
  const { access_token_ttl, id_token_ttl, refresh_token_ttl } = extensionsOf(undefined)
  const everywhere = {
    acr: usual(least),
    consent: usual('asked' as const),
    access_token_ttl: usual(access_token_ttl),
    id_token_ttl: usual(id_token_ttl),
    refresh_token_ttl: usual(refresh_token_ttl),
  }
  const ofPolicy = (policy: Policy, written: readonly string[] | undefined): PolicyShown => {
    const said = <V>(name: keyof Policy, value: V): { value: V; source: Source } => ({
      ...{ value, source: written?.includes(name) ? 'file' : 'default' },
    })
    return {
      ...{ kind: 'registration', name: policy.policy, source: written ? 'file' : 'default', ...everywhere },
      uninvited: policy.policy === thirdParty.policy,
      grant_types: said('grant_types', [...policy.grant_types]),
      token_endpoint_auth_methods: said('token_endpoint_auth_methods', [...policy.token_endpoint_auth_methods]),
      pkce_required: said('pkce_required', policy.pkce_required),
      scope: said('scope', policy.scope.split(' ')),
      apis: said('apis', policy.apis),
      redirect_hosts: policy.redirect_hosts && said('redirect_hosts', policy.redirect_hosts),
    }
  }
  const ofEntries = {
    ...{ source: 'default' as const, uninvited: false, ...everywhere, pkce_required: usual(true) },
    scope: usual(thirdParty.scope.split(' ')),
  }
  const others = (): PolicyShown[] => [
    ...templateNames.map((name): PolicyShown => {
      const { grant_types, token_endpoint_auth_method } = fixedBy(name)
      return {
        ...{ kind: 'store', name, ...ofEntries, grant_types: usual([...grant_types]) },
        token_endpoint_auth_methods: usual([token_endpoint_auth_method]),
      }
    }),
    {
      ...{ kind: 'file', name: 'clients.json', ...ofEntries, consent: usual('first_party') },
      grant_types: usual([...clientShape.grant_types.parse(undefined)]),
      token_endpoint_auth_methods: usual([...clientShape.token_endpoint_auth_method.unwrap().options]),
    },
  ]
  return {
    list: operation({
      id: 'policies.list',
      means:
        'Lists what apps of each kind must meet and where that is said: those that register, by policy, those of the store, by template, and those of clients.json.',
      scope: 'admin:apps.read',
      at: 'GET /policies',
      args: z.object({}),
      result: z.object({ policies: z.array(shown) }),
      run: async () => {
        const { policies, written } = clients.declared()
        return {
          policies: [...[...policies.values()].map(each => ofPolicy(each, written.get(each.policy))), ...others()],
        }
      },
    }),
  }
}
