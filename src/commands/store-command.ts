import { copyStore } from '../store/copying.ts'
import { openStore } from '../store/open.ts'
import { answer, type Command, json, Refusal, withStore } from './command.ts'

/** `store copy`: moves to another engine, or to another machine. */
export const storeCopy: Command = {
  does: 'Copies everything in the store to another one, and compares them',
  takes: 'URL [--json]',
  options: json,
  words: true,
  help: [
    'URL names the store to copy to, as LATCHKEY_STORE does: sqlite:PATH, postgres://… or mongodb://…. The one to copy from is LATCHKEY_STORE.',
    'Stop Latchkey first. A copy that was interrupted goes on where it was when the command is run again. Then start Latchkey with',
    'LATCHKEY_STORE set to URL, and the same LATCHKEY_SECRETS. Exits with 1 where the stores are not alike.',
  ].join('\n'),
  examples: ['store copy postgres://latchkey@db.internal/latchkey'],
  run: async given => {
    const { config, beside } = given
    const [url, ...more] = given.words
    if (url === undefined || more.length > 0)
      throw new Refusal('Give the URL of the store to copy to, and nothing else.')
    const configured = config()
    if (url === configured.store) throw new Refusal('That is the store to copy from.')
    return withStore(configured, async source => {
      const target = await openStore(url, { now: Date.now, sweep: false }).catch(fault => {
        throw fault instanceof TypeError ? new Refusal(fault.message) : fault
      })
      try {
        let [documents, faults] = [0, 0]
        for await (const { name, alike, written, differ } of copyStore(source, target)) {
          documents += alike
          faults += differ.length
          const wrong = differ.length > 0 ? `; NOT ALIKE: ${differ.join(', ')}` : ''
          beside.write(`${name}: ${alike} alike, ${written} written now${wrong}\n`)
        }
        const told = faults === 0 ? `Copied: ${documents} documents, all alike.` : 'The stores are not alike.'
        answer(given, { documents, alike: faults === 0 }, [told])
        return faults === 0 ? 0 : 1
      } finally {
        await target.close()
      }
    })
  },
}
