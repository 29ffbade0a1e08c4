import { alertActions, settling } from './alert-actions.ts'
import { apiKeyActions } from './api-key-actions.ts'
import { approvalActions } from './approval-actions.ts'
import { credentialActions } from './credential-actions.ts'
import { dataActions } from './data-actions.ts'
import { performing } from './performing.ts'
import { profileActions } from './profile-actions.ts'
import { restrictionActions } from './restriction-actions.ts'
import { sessionActions } from './session-actions.ts'
import { operationActions, staffActions } from './staff-actions.ts'

type Services = Parameters<typeof credentialActions>[0] &
  Parameters<typeof alertActions>[0] &
  Omit<Parameters<typeof restrictionActions>[0], 'settle'> &
  Parameters<typeof profileActions>[0] &
  Parameters<typeof sessionActions>[0] &
  Parameters<typeof apiKeyActions>[0] &
  Parameters<typeof approvalActions>[0] &
  Parameters<typeof dataActions>[0] &
  Parameters<typeof staffActions>[0] &
  Parameters<typeof operationActions>[0] &
  Parameters<typeof performing>[0]

export type Actions = ReturnType<typeof actions>

/** Every action, by family, and what performs them. */
export function actions(services: Services) {
  const families = {
    credentials: credentialActions(services),
    alerts: alertActions(services),
    restrictions: restrictionActions({ ...services, settle: settling(services) }),
    profile: profileActions(services),
    sessions: sessionActions(services),
    apiKeys: apiKeyActions(services),
    approvals: approvalActions(services),
    data: dataActions(services),
    staff: staffActions(services),
    operations: operationActions(services),
  }
  const list = Object.values(families).flatMap(family => Object.values(family))
  return { ...families, list, ...performing(services, list) }
}
