import { accessSync, constants, mkdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'

let shared: Promise<Browser> | undefined

/** The one Chromium of this process, which ends with it: `CHROMIUM_PATH`, else one on PATH, else the one that a development dependency ships. */
export function launch(): Promise<Browser> {
  shared ??= start()
  return shared
}

/** Ends it; the next `launch` starts another. */
export async function close(): Promise<void> {
  const running = shared
  shared = undefined
  await (await running)?.close()
}

async function start(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? onPath() ?? (await shipped()),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(runs)
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function shipped(): Promise<string> {
  // Asks the package to unpack the shared libraries that a bare Debian lacks, too.
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs24.x'
  const { default: bundle } = await import('@sparticuz/chromium')
  return alone(join(tmpdir(), 'latchkey-unpacks-chromium'), () => bundle.executablePath())
}

/** Does something while no other process does it: the package takes a browser that another is still unpacking for a whole one. */
async function alone<R>(folder: string, act: () => Promise<R>): Promise<R> {
  while (!made(folder)) {
    await wait(100)
    // Unpacking takes seconds: who made it a minute ago is gone.
    if (Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 60_000)
      rmSync(folder, { recursive: true, force: true })
  }
  try {
    return await act()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function made(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fault
  }
}
