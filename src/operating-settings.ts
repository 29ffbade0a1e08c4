import { optional, setting } from './setting.ts'
import * as shape from './setting-shapes.ts'

/** The settings of watching a Latchkey and of keeping what it holds. */
export const operating = {
  metrics: {
    token: optional(
      'LATCHKEY_METRICS_TOKEN',
      'The bearer token that `/metrics` asks for; without one there is no such page.',
      'none',
      shape.like(/^.{16,}$/s, 'must have 16 characters or more'),
      'secret',
    ),
  },
  audit: {
    heads: setting(
      'LATCHKEY_AUDIT_HEADS=log',
      'Where the end of the audit log is signed every hour, so that a log cut short is noticed: the `log`, `off`, or a file that lines are added to. `latchkey audit verify` compares with the last line of such a file.',
      shape.text.transform(typed => (typed === 'log' || typed === 'off' ? typed : { file: typed })),
    ),
    file: optional(
      'LATCHKEY_AUDIT_FILE',
      'A file that every event of the audit log is added to as a line of JSON, for a SIEM; docs/events.md says how.',
      'none',
      shape.text,
    ),
  },
  log: {
    level: setting(
      'LATCHKEY_LOG=info',
      'How much to log: `silent`, `error`, `warn`, `info` or `debug`; or the path of a file that holds one of these, which is read anew at SIGHUP.',
      shape.logging,
    ),
  },
  backup: {
    schedule: optional(
      'LATCHKEY_BACKUP',
      'Backups by schedule, `folder=PATH,every=6h,keep=14`: how often (`m`, `h` or `d`; 24h unless set) and how many files stay (7 unless set).',
      'none',
      shape.backups,
    ),
    passphrase: optional(
      'LATCHKEY_BACKUP_PASSPHRASE',
      'Seals backups, and opens them to restore.',
      'not sealed',
      shape.like(/^.{16,}$/s, 'must have 16 characters or more'),
      'secret',
    ),
  },
}
