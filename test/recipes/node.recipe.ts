import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { recipe } from './recipe.ts'
import { guardedWalk, join, leave, walk } from './walks.ts'

const start = ['node', 'app.js']

describe('apps in Node', () => {
  recipe('openid-client', { kind: 'npm', start }, walk)
  recipe('express-openid-connect', { kind: 'npm', start }, walk)
  recipe('passport', { kind: 'npm', start }, walk)
  recipe('better-auth', { kind: 'npm', start }, walk)
  recipe('auth-js', { kind: 'npm', start }, async app => {
    const { person, page } = await join(app, async ({ browser }) =>
      (await browser.get(`${app.url}/auth/signin`)).submit({}, { action: '/auth/signin/latchkey' }),
    )
    expect(page.html).to.contain(person.email)
    await leave(app, person, await person.browser.get(`${app.url}/logout`))
    expect((await person.browser.get(`${app.url}/`)).text).to.equal('Log in')
  })
})

const bundled =
  '--bundle --platform=node --format=esm --external:opener --external:follow-redirects --outfile=bundle.mjs'

/** Waits for a file, and resolves to what it says. */
async function appears(path: string): Promise<string> {
  for (;;) {
    if (existsSync(path) && readFileSync(path, 'utf8') !== '') return readFileSync(path, 'utf8')
    await wait(100)
  }
}

describe('apps on a device', () => {
  // What AppAuth opens the system's browser with: here it says where that would go.
  const environment = (_: unknown, place: string) => ({ PATH: `${place}/bin:${process.env.PATH}` })
  recipe('appauth', { kind: 'npm', environment }, async app => {
    mkdirSync(`${app.place}/bin`)
    writeFileSync(`${app.place}/bin/xdg-open`, '#!/bin/sh\nprintf %s "$1" >opened', { mode: 0o755 })
    await app.begin(['node_modules/.bin/esbuild', 'app.js', ...bundled.split(' ')]).ended()
    const program = app.begin(['node', 'bundle.mjs'])
    const opened = await Promise.race([appears(`${app.place}/opened`), program.ended()])
    const { person, page } = await join(app, ({ browser }) => browser.get(opened))
    // Another app may have taken its place on the device (RFC 8252, 8.6): people are asked each time.
    const closed = await page.submit({}, { action: '/consent' })
    expect(closed.text).to.contain('Close your browser')
    const said = await program.ended()
    expect(said).to.contain(`Signed in: ${person.email}`)
    expect(said).to.match(/^Refreshed: true$/m)
    expect(said).to.match(/^Signed out$/m)
  })
})

describe('APIs in Node', () => {
  for (const name of ['koa', 'express', 'fastify']) recipe(name, { kind: 'npm', start }, guardedWalk)
})
