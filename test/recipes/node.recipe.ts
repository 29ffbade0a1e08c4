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

describe('APIs in Node', () => {
  for (const name of ['koa', 'express', 'fastify']) recipe(name, { kind: 'npm', start }, guardedWalk)
})
