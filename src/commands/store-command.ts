import { copyStore } from '../store/copying.ts'
import { openStore } from '../store/open.ts'
import { type Command, Refusal, withStore } from './command.ts'

/** `store copy`: moves to another engine, or to another machine. */
export const storeCopy: Command = {
  does: 'Copies everything in the store to another one, and compares them',
  takes: 'URL',
  options: {},
  words: true,
  help: [
    'URL names the store to copy to, as LATCHKEY_STORE does: sqlite:PATH, postgres://… or mongodb://…. The one to copy from is LATCHKEY_STORE.',
    'Stop Latchkey first. A copy that was interrupted goes on where it was when the command is run again. Then start Latchkey with',
    'LATCHKEY_STORE set to URL, and the same LATCHKEY_SECRETS. Exit code 1: the stores are not alike.',
  ].join('\n'),
  run: async ({ words: [url, ...more], config, out, beside }) => {
    if (url === undefined || more.length > 0)
      throw new Refusal('The URL of the store to copy to is to be told, and nothing else.')
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
        out.write(faults === 0 ? `Copied: ${documents} documents, all alike.\n` : 'The stores are not alike.\n')
        return faults === 0 ? 0 : 1
      } finally {
        await target.close()
      }
    })
  },
}
