import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

let shared: Promise<Browser> | undefined

/** The one Chromium of this process: `CHROMIUM_PATH`, else one on PATH, else the one that a development dependency ships. */
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
  return bundle.executablePath()
}

// Under mocha this is a root hook: whoever imports the file need not think of closing.
if (typeof after === 'function') after(close)
