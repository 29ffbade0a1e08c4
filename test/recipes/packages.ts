import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { filesOf, folder } from './names.ts'

/** How the packages of one kind come: which programs it takes, what names them, and the steps, run in a copy of the recipe. */
interface Kind {
  needs: readonly string[]
  /** The files that say what is installed; every file of a recipe that is compiled. */
  manifest: readonly string[] | 'all'
  steps: readonly (readonly string[])[]
}

const debian =
  'apt-get -qq -o Debug::NoLocking=1 -o Dir::Cache::archives=$PWD/archives install -y --reinstall --download-only --no-install-recommends $(cat packages.txt)'

export const kinds = {
  npm: {
    needs: ['npm'],
    manifest: ['package.json'],
    steps: [['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']],
  },
  pip: {
    needs: ['python3', 'pip3'],
    manifest: ['requirements.txt'],
    steps: [
      ['python3', '-m', 'pip', 'install', '--quiet', '--target', 'packages', '--requirement', 'requirements.txt'],
    ],
  },
  maven: {
    needs: ['java', 'mvn'],
    manifest: 'all',
    steps: [['mvn', '--quiet', '--batch-mode', 'package', 'dependency:copy-dependencies']],
  },
  go: {
    needs: ['go'],
    manifest: 'all',
    steps: [['go', 'build', '-mod=mod', '-o', 'bin/app', '.']],
  },
  'oauth2-proxy': {
    needs: ['go'],
    manifest: [],
    steps: [['sh', '-c', 'GOBIN=$PWD/bin go install github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6']],
  },
  dex: {
    needs: ['go'],
    manifest: ['go.mod'],
    steps: [['sh', '-c', 'CGO_ENABLED=0 go build -mod=mod -o bin/dex github.com/dexidp/dex/cmd/dex']],
  },
  debian: {
    needs: ['apt-get', 'dpkg'],
    manifest: ['packages.txt'],
    // Not into the machine: beside it, with what they depend on and the machine lacks.
    steps: [
      ['mkdir', '-p', 'archives/partial', 'root'],
      ['sh', '-c', `${debian} || { apt-get update -qq; ${debian}; }`],
      ['sh', '-c', 'for each in archives/*.deb; do dpkg -x "$each" root; done'],
    ],
  },
} satisfies Record<string, Kind>
export type KindName = keyof typeof kinds

const cache = join(tmpdir(), `latchkey-recipes-cache-${process.getuid?.() ?? ''}`)
const queues = new Map<string, Promise<unknown>>()
const installed = new Map<string, Promise<string>>()

/** What a recipe needs and is not on this machine. */
export function missing(programs: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return programs.filter(program => !folders.some(each => runs(join(each, program))))
}

/** Installs what a recipe needs, or finds it where it was installed before; resolves to that folder. One of a kind at a time. */
export function install(name: string, kind: KindName): Promise<string> {
  const known = installed.get(`${name} ${kind}`)
  if (known) return known
  const queue = kinds[kind].needs[0] ?? ''
  const turn = (queues.get(queue) ?? Promise.resolve()).then(() => installNow(name, kinds[kind]))
  queues.set(
    queue,
    turn.catch(() => undefined),
  )
  installed.set(`${name} ${kind}`, turn)
  // Whoever asks for it is told.
  turn.catch(() => undefined)
  return turn
}

async function installNow(name: string, { manifest, steps }: Kind): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(steps))
  for (const file of manifest === 'all' ? filesOf(join(folder, name)) : manifest)
    digest.update(readFileSync(join(folder, name, file)))
  const place = join(ownFolder(), `${name}-${digest.digest('hex').slice(0, 16)}`)
  if (existsSync(place)) return place
  const made = mkdtempSync(join(cache, 'new-'))
  cpSync(join(folder, name), made, { recursive: true })
  for (const step of steps) await done(step, made).catch(() => done(step, made))
  try {
    renameSync(made, place)
  } catch (fault) {
    // Somebody else was as fast.
    if (!existsSync(place)) throw fault
    rmSync(made, { recursive: true })
  }
  return place
}

/** Nobody else may put programs where ours are kept. */
function ownFolder(): string {
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  if (statSync(cache).uid !== (process.getuid?.() ?? statSync(cache).uid))
    throw new Error(`${cache} is somebody else's`)
  chmodSync(cache, 0o700)
  return cache
}

async function done([command = '', ...args]: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said.slice(-4000)}`)
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
