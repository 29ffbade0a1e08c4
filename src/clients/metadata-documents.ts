import { own } from './client-extensions.ts'
import type { App, Declared } from './declared.ts'
import { thirdParty } from './policies.ts'

/** Which hosts may have clients whose id is the address of a document about them. */
export type Hosts = 'off' | '*' | readonly string[]

/** Is this the id of such a client, on a host that may have one? */
export function isDocument(id: string, hosts: Hosts): boolean {
  if (hosts === 'off' || !/^https:/i.test(id)) return false
  const host = URL.parse(id)?.host
  return host !== undefined && (hosts === '*' || hosts.includes(host))
}

/** A client that is known by its document, without fetching it: nobody vouches for more than its host. */
export function documentApp(id: string, declared: Declared): App {
  const { host } = new URL(id)
  const { apis } = declared.policies.get(thirdParty.policy) ?? thirdParty
  return {
    id,
    name: host,
    host,
    tile: 'neutral',
    firstParty: false,
    apis: declared.granted(apis, own(undefined).access_token_ttl),
  }
}
