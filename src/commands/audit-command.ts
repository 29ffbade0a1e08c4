import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { auditHead, exported, type Head, headSigner } from '../observers/audit.ts'
import { ledger } from '../observers/ledger.ts'
import { type Command, withStore } from './command.ts'

/** `audit export`: the whole log, and a signed head that vouches for it. */
export const auditExport: Command = {
  does: 'Writes the audit log and its signed head to standard output, as JSON lines',
  takes: '',
  options: {},
  help: 'Keep the last line, the signed head, where nobody who can write the store can write.',
  examples: ['audit export > audit.jsonl'],
  run: ({ config, out, beside }) => {
    const configured = config()
    const { issuer } = configured
    return withStore(configured, async (store, keys) => {
      const { jwks, sign } = await headSigner(keys().all(auditHead))
      let told = ''
      const lines = exported(ledger({ store }).entries(), end => {
        told = `${end.sequence} entries; head ${end.hash}, signed by ${jwks.keys[0]?.kid}\n`
        return sign({ ...end, at: Date.now(), issuer } satisfies Head)
      })
      await pipeline(Readable.from(lines), out, { end: false })
      beside.write(told)
      return 0
    })
  },
}

/** `audit keys`: what others need to verify a head. */
export const auditKeys: Command = {
  does: 'Writes the public keys that verify signed heads, as a JSON Web Key Set',
  takes: '',
  options: {},
  help: 'Give them once, by a way that can be trusted, to the people who verify exports.',
  examples: ['audit keys > audit-keys.json'],
  run: ({ config, out }) =>
    withStore(config(), async (_, keys) => {
      const { jwks } = await headSigner(keys().all(auditHead))
      out.write(`${JSON.stringify(jwks, undefined, 2)}\n`)
      return 0
    }),
}
