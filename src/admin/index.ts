import { Problem } from '../errors.ts'
import { apiOperations } from './api-operations.ts'
import { appFaults } from './app-keeper.ts'
import { appOperations } from './app-operations.ts'
import { attributeOperations } from './attribute-operations.ts'
import { auditLog } from './audit-log.ts'
import { idempotency } from './idempotency.ts'
import { invitationOperations } from './invitation-operations.ts'
import { loosening } from './loosening.ts'
import { notes } from './notes.ts'
import { type Operation, type Operator, permitted } from './operation.ts'
import { overview } from './overview.ts'
import { peopleSearch } from './people-search.ts'
import { personGet } from './person.ts'
import { personActs } from './person-acts.ts'
import { personExport } from './person-copy.ts'
import { personMessages } from './person-messages.ts'
import { policyOperations } from './policy-operations.ts'
import { proposalNews } from './proposal-news.ts'
import { proposals } from './proposals.ts'
import { serviceOperations } from './service-operations.ts'
import { staff } from './staff.ts'
import { webhookOperations } from './webhook-operations.ts'

type Services = Parameters<typeof appOperations>[0] &
  Parameters<typeof attributeOperations>[0] &
  Parameters<typeof invitationOperations>[0] &
  Parameters<typeof idempotency>[0] &
  Parameters<typeof peopleSearch>[0] &
  Parameters<typeof personGet>[0] &
  Parameters<typeof notes>[0] &
  Parameters<typeof personActs>[0] &
  Parameters<typeof personExport>[0] &
  Parameters<typeof personMessages>[0] &
  Parameters<typeof loosening>[0] &
  Parameters<typeof staff>[0] &
  Parameters<typeof proposals>[0] &
  Parameters<typeof proposalNews>[0] &
  Parameters<typeof auditLog>[0] &
  Parameters<typeof overview>[0] &
  Parameters<typeof serviceOperations>[0] &
  Parameters<typeof webhookOperations>[0]

/** As much of an operation as its result depends on. */
interface Performed<Out> {
  run(args: never, by: Operator): Promise<Out>
}

export type Admin = ReturnType<typeof admin>

/** Every operation of the console and the admin API, and what performs them. */
export function admin(services: Services) {
  /** Finds an operation by its id. Throws `not_found`. */
  const named = (id: string): Operation => {
    const found = list.find(each => each.id === id)
    if (!found) throw new Problem('not_found')
    return found
  }
  const { families, needingTwo, second } = proposals(services, named)
  const operations = {
    people: {
      search: peopleSearch(services),
      get: personGet(services),
      ...notes(services),
      ...personActs(services),
      export: personExport(services),
      messages: personMessages(services),
      ...loosening(services, { needingTwo }),
    },
    apps: appOperations(services),
    apis: apiOperations(services),
    policies: policyOperations(services),
    invitations: invitationOperations(services),
    ...attributeOperations(services),
    proposals: families,
    roles: staff(services, { needingTwo }),
    audit: auditLog(services),
    overview: { get: overview(services) },
    ...serviceOperations(services),
    webhooks: webhookOperations(services),
  }
  const list = Object.values(operations).flatMap(family => Object.values(family)) as unknown as readonly Operation[]

  return {
    ...operations,
    list,
    named,
    /** Lists the proposals that can be confirmed, with who could. */
    waiting: proposalNews(services, named, second),
    appFaults: appFaults(services),
    repeatable: idempotency(services),
    /** Performs an operation for one of the staff or a program. Throws what `permitted` throws, and what the operation throws. */
    perform: async <Out>(declared: Performed<Out>, given: unknown, by: Operator): Promise<Out> =>
      declared.run(permitted(declared as unknown as Operation, given, by) as never, by),
  }
}
