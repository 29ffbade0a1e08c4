import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { blocksOf, commandsIn } from '../support/documented.ts'
import { type Ground, ground } from './ground.ts'
import { folder } from './names.ts'
import { install, type KindName, kinds, missing } from './packages.ts'
import { pageOf } from './pages.ts'

/** A recipe's app, running. */
export interface App extends Ground {
  name: string
  url: string
  /** What it has printed. */
  output(): string
  /** The folder that it runs in: the recipe's files and its packages. */
  place: string
  client: { client_id: string; client_secret?: string }
  /** Starts another program of the recipe. */
  begin(command: readonly string[], environment?: Record<string, string>): Program
  /** What was started, and with which environment. */
  begun: { command: readonly string[]; environment: Record<string, string> }[]
  /** Starts one, and waits until it listens where the app is, or what stands beside it. */
  serve(command: readonly string[], beside?: number): Promise<void>
}

/** A program of a recipe. */
export interface Program {
  /** What it has printed so far. */
  said(): string
  /** Waits until it prints this; throws once it ended without. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** Waits for its end; resolves to all that it printed, and throws where it failed. */
  ended(): Promise<string>
}

interface Kitchen {
  /** What its packages are, in the order that they are looked into. */
  kind: KindName | readonly KindName[]
  /** More programs than its packages take. */
  needs?: readonly string[]
  /** What starts the app; without it, the walk runs what there is to run. */
  start?: readonly string[]
  environment?: (ground: Ground, place: string) => Record<string, string>
}

/** What is installed while the first recipes run: one after the other for each kind, the kinds side by side. */
const ahead: (() => Promise<string>)[] = []
before(() => {
  const some = process.argv.some(each => /^(-[gf]|--f?grep)/.test(each))
  if (!some) for (const each of ahead) each()
})

/** Ends a program as its own signals do, because nginx would leave its workers behind; and in any case. */
async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise(done => child.once('close', done))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await ended
  clearTimeout(late)
}

/** Declares a recipe: its packages are installed, its app is started at its URL, and somebody walks through it. */
export function recipe(name: string, kitchen: Kitchen, walk: (app: App) => Promise<void>): void {
  const wanted = [kitchen.kind].flat()
  const needs = [...wanted.flatMap(each => kinds[each].needs), ...(kitchen.needs ?? [])]
  const absent = missing(needs)
  if (absent.length === 0) for (const each of wanted) ahead.push(() => install(name, each))
  it(name, async function () {
    if (absent.length > 0) {
      console.log(`    not run: ${name}, because ${absent.join(' and ')} is not here`)
      this.skip()
    }
    const packages = await Promise.all(wanted.map(each => install(name, each)))
    const all = await ground()
    const place = mkdtempSync(join(tmpdir(), `latchkey-recipe-${name}-`))
    const running = new Set<ChildProcess>()
    try {
      const app = await startIn(place, { name, all, packages, kitchen, running })
      await walk(app).catch(fault => {
        console.log(`    what ${name} printed: ${app.output().slice(-4000)}`)
        throw fault
      })
      expect(unlikeThePage(app, wanted), 'what the page has typed, and was not run').to.deep.equal([])
    } finally {
      await Promise.all([...running].map(end))
      rmSync(place, { recursive: true })
    }
  })
}

interface Starting {
  name: string
  all: Ground
  packages: readonly string[]
  kitchen: Kitchen
  running: Set<ChildProcess>
}

async function startIn(place: string, { name, all, packages, kitchen, running }: Starting): Promise<App> {
  cpSync(join(folder, name), place, { recursive: true })
  for (const made of packages)
    for (const each of ['node_modules', 'packages', 'target', 'bin', 'root'])
      if (existsSync(join(made, each))) symlinkSync(join(made, each), join(place, each))
  const url = all.urlOf(name)
  for (const each of readdirSync(place).filter(file => /\.(cfg|conf|yaml)$/.test(file)))
    writeFileSync(join(place, each), all.moved(name, readFileSync(join(place, each), 'utf8')))
  const client = all.read<App['client']>(name, 'client.json') ?? { client_id: '' }
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    PYTHONPATH: 'packages',
    PYTHONUNBUFFERED: '1',
    ISSUER: all.latchkey.issuer,
    APP_URL: url,
    PORT: new URL(url).port,
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret ?? '',
    ...kitchen.environment?.(all, place),
  }
  let printed = ''
  const begun: App['begun'] = []
  const begin = ([command = '', ...args]: readonly string[], more: Record<string, string> = {}) => {
    begun.push({ command: [command, ...args], environment: { ...environment, ...more } })
    const child = spawn(command, args, {
      cwd: place,
      env: { ...environment, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    let said = ''
    const heard = new Set<() => void>()
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', chunk => {
        said += chunk
        printed += chunk
        for (const each of heard) each()
      })
    const over = new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code =>
        code === 0 ? resolve(said) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`)),
      )
    })
    over.catch(() => undefined)
    const program: Program = {
      said: () => said,
      ended: () => over,
      until: pattern =>
        new Promise((resolve, reject) => {
          const look = () => {
            const found = pattern.exec(said)
            if (!found) return
            heard.delete(look)
            resolve(found)
          }
          heard.add(look)
          over.then(() => reject(new Error(`ended without ${pattern}:\n${said}`)), reject)
          look()
        }),
    }
    return program
  }
  const serve = async (command: readonly string[], beside = 0) => {
    const program = begin(command)
    const over = program.ended().then(said => Promise.reject(new Error(`${command[0]} ended:\n${said}`)))
    over.catch(() => undefined)
    await Promise.race([over, listening(Number(new URL(all.urlOf(name, beside)).port))])
  }
  if (kitchen.start) await serve(kitchen.start)
  return {
    ...all,
    name,
    url,
    place,
    client,
    output: () => printed,
    begin,
    begun,
    serve,
  }
}

/** The lines that a page has typed into a shell and that nothing was started by: with all of its words in that order, and perhaps more. */
function unlikeThePage({ name, place, begun, moved, latchkey, url }: App, wanted: readonly KindName[]): string[] {
  const words = (command: string) =>
    command
      .replaceAll(place, '.')
      .replace(/['"]/g, '')
      .split(/\s+/)
      .filter(each => each !== '&')
      .map((each, at) => (at === 0 ? each.replace(/^.*\//, '') : each.replace(/^root(?=\/)/, '')))
  const packages = existsSync(join(place, 'packages.txt')) ? readFileSync(join(place, 'packages.txt'), 'utf8') : ''
  const installed = wanted.flatMap(kind =>
    kinds[kind].steps.map(step => step.join(' ').replace('$(cat packages.txt)', packages)),
  )
  const ran = [...installed, ...begun.map(({ command }) => command.join(' '))].map(words)
  const typed = blocksOf(pageOf(name)).flatMap(({ text }) =>
    commandsIn(moved(name, text).replaceAll('/opt/latchkey', process.cwd())),
  )
  return typed.filter(line => {
    if (!line.startsWith('export ')) {
      const [, , program = ''] = /^((?:\w+=\S+ |npx )*)(.*)$/.exec(line) ?? []
      return !ran.some(each => {
        const left = words(program)
        for (const word of each) if (word === left[0] || word.split('/').at(-1) === left[0]) left.shift()
        return left.length === 0
      })
    }
    const environments = [{ ISSUER: latchkey.issuer, APP_URL: url }, ...begun.map(({ environment }) => environment)]
    return !line
      .slice(7)
      .split(' ')
      .every(each => {
        const [variable = '', value] = each.split('=')
        return variable === 'PORT' || environments.some(one => (one as Record<string, string>)[variable] === value)
      })
  })
}

/** Waits until somebody listens on a port of localhost. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    const there = await new Promise<boolean>(resolve => {
      const socket = connect({ host: 'localhost', port })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (there) return
    await wait(100)
  }
  throw new Error(`nothing listens on ${port} after two minutes`)
}
