import { jar } from '../test/support/jar.ts'

// bench/slowest.ts starts it: types passwords for accounts that do not exist, each from an address of its own, so many at once, until it is told to
// stop. Each costs a hash as a known account does.
const [issuer = '', lines = '96'] = process.argv.slice(2)
const statuses: Record<string, number> = {}
let going = true
let come = 0
process.on('message', () => {
  going = false
})

async function line(): Promise<void> {
  while (going) {
    const at = come++
    const page = await jar({ 'x-forwarded-for': `198.18.${(at >> 8) & 255}.${at & 255}` }).get(`${issuer}/sign-in`)
    const answer =
      page.status === 200 ? await page.submit({ email: `nobody-${at}@example.com`, password: 'none' }, 'Sign in') : page
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
  }
}
await Promise.all(Array.from({ length: Number(lines) }, () => line().catch(() => undefined)))
process.send?.(statuses)
process.disconnect()
