import { admin as adminOf } from '../admin/index.ts'
import type { Keyring } from '../crypto/keyring.ts'
import type { Observer } from '../events.ts'
import { auditHead, exported, type Head, headSigner } from '../observers/audit.ts'
import { figures as figuresOf } from '../observers/figures.ts'
import { ledger } from '../observers/ledger.ts'

type Services = Omit<Parameters<typeof adminOf>[0], 'figures'> & {
  keyring: Keyring
  /** Who is told of events from now on. */
  observers: Observer[]
}

/** Puts together what the console of the staff and the admin API stand on, and counts what the overview shows. */
export function staffConsole({ keyring, observers, ...services }: Services) {
  const { store, issuer, now } = services
  const figures = figuresOf({ store, now })
  observers.push(figures.observer)
  /** The lines of an export of the audit log, which ends with a signed head. */
  async function* auditExport(): AsyncGenerator<string> {
    const { sign } = await headSigner(keyring.all(auditHead))
    yield* exported(ledger({ store }).entries(), end => sign({ ...end, at: now(), issuer } satisfies Head))
  }
  return { admin: adminOf({ ...services, figures }), auditExport, figures }
}
