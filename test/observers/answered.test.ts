import { expect } from 'chai'
import { routeOf } from '../../src/observers/answered.ts'

describe('a route', () => {
  const routes: Record<string, string> = {
    '/': '/',
    '/token': '/token',
    '/.well-known/openid-configuration': '/.well-known/openid-configuration',
    '/dev/outbox.json': '/dev/outbox.json',
    '/sign-in/V1StGXR8Z5jdHi6B_myT9w/recovery-code': '/sign-in/:id/recovery-code',
    '/assets/latchkey.3f9a1c.css': '/assets/:id',
    '/reset/eyJhbGciOiJFUzI1NiJ9': '/reset/:id',
    '/account/ada@example.com': '/account/:id',
    '/account/%61da': '/account/:id',
    '/a/b/c/d/e/f/g': '/a/b/c/d/e',
    '/abcdefghijklmnopqrstuvwxyzabcdefghijk': '/:id',
    '': '/',
  }
  for (const [path, route] of Object.entries(routes)) {
    it(`of ${path || 'nothing'} is ${route}`, () => expect(routeOf(path)).to.equal(route))
  }
})
