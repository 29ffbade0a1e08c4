import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../src/store/open.ts'
import { tally, written } from './writer.ts'

const writer = fileURLToPath(new URL('writer.ts', import.meta.url))

/** Starts a process that writes to a store; its standard output is what was acknowledged. */
export function write(url: string, name: string, times?: number) {
  const args = [writer, url, name, ...(times ? [String(times)] : [])]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/**
 * Kills a writing process at a random moment, `kills` times over on one store, and looks for every write that it had
 * acknowledged. Resolves to how many those were and which were lost.
 */
export async function killAtRandom(url: string, kills: number): Promise<{ acknowledged: number; lost: string[] }> {
  let acknowledged = 0
  const lost: string[] = []
  for (let kill = 0; kill < kills; kill++) {
    const name = `k${kill}`
    const child = write(url, name)
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 150)
    await once(child, 'close')

    // What was cut off in the middle of its line was acknowledged too, but cannot be told from another.
    const lines = said.split('\n').slice(0, -1)
    const counts = lines.filter(line => line.startsWith('#')).map(line => Number(line.slice(1)))
    const ids = lines.filter(line => !line.startsWith('#'))
    acknowledged += lines.length
    const store = await openStore(url, { now: Date.now })
    const documents = store.collection(written)
    for (const id of ids) if ((await documents.get(id))?.id !== id) lost.push(id)
    const counted = (await store.collection(tally).get(name))?.n ?? 0
    if (counted < Math.max(0, ...counts)) lost.push(`count of ${name}`)
    await store.close()
  }
  return { acknowledged, lost }
}
