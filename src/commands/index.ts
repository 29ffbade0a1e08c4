import { appsInvite, appsList, appsRemove } from './apps-command.ts'
import { appsChange, appsCreate, appsDisable, appsEnable, appsRotate, appsShow } from './apps-store-command.ts'
import { auditExport, auditKeys } from './audit-command.ts'
import { auditVerify } from './audit-verify.ts'
import { backup, restore } from './backup-command.ts'
import type { Command } from './command.ts'
import { completionOf } from './completion.ts'
import { configCheck } from './config-command.ts'
import { doctor } from './doctor.ts'
import { keysList, keysReplace, keysRotate } from './keys-command.ts'
import { peopleImportCommand } from './people-command.ts'
import { peopleExportCommand, peopleList, peopleShow } from './people-list-command.ts'
import { rolesGive, rolesList, rolesTake } from './roles-command.ts'
import { secretsReseal } from './secrets-command.ts'
import { signRequest } from './sign-command.ts'
import { storeCopy } from './store-command.ts'

const working = {
  'apps change': appsChange,
  'apps create': appsCreate,
  'apps disable': appsDisable,
  'apps enable': appsEnable,
  'apps invite': appsInvite,
  'apps list': appsList,
  'apps remove': appsRemove,
  'apps rotate': appsRotate,
  'apps show': appsShow,
  'audit verify': auditVerify,
  'audit export': auditExport,
  'audit keys': auditKeys,
  backup,
  'config check': configCheck,
  doctor,
  'keys list': keysList,
  'keys rotate': keysRotate,
  'keys replace': keysReplace,
  'people export': peopleExportCommand,
  'people import': peopleImportCommand,
  'people list': peopleList,
  'people show': peopleShow,
  restore,
  'roles give': rolesGive,
  'roles take': rolesTake,
  'roles list': rolesList,
  'secrets reseal': secretsReseal,
  sign: signRequest,
  'store copy': storeCopy,
}

/** Every command of the operator, by its words. */
export const commands: Readonly<Record<string, Command>> = { ...working, completion: completionOf(working) }
