import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { DeliveryFault } from '../../src/delivery/delivery-fault.ts'
import type { Logout } from '../../src/delivery/message.ts'
import { channel, desks, until } from './posting.ts'

describe('word to apps that a session ended', () => {
  const desk = desks()
  const logout = (to: string, sid: string): Logout => ({
    channel: 'logout',
    to,
    account: 'ada',
    sid,
    purpose: 'logout',
  })
  const box = (logout: (word: Logout) => Promise<void>, more: object = {}) =>
    desk.working(desk.box(channel(), { channels: { logout }, ...more }))

  it('goes through the outbox like any message, whole and once', async () => {
    const heard: Logout[] = []
    const { post } = box(async word => void heard.push(word))
    await post(logout('trading', 's1'))
    await until(() => desk.heard.told.length > 0)
    expect(heard).to.have.length(1)
    expect(heard[0]).to.include(logout('trading', 's1'))
    expect(desk.heard.told[0]).to.include({ name: 'message.sent', channel: 'logout', tries: 1 })
    expect(await desk.left()).to.deep.equal([])
  })

  it('is said again until the app hears it, by whichever process is there then', async () => {
    const first = desk.box(channel(), { channels: { logout: async () => Promise.reject(new Error('down')) } })
    const stop = first.work()
    await first.post(logout('trading', 's1'))
    await until(() => desk.heard.names().includes('message.delayed'))
    await stop()
    const heard: Logout[] = []
    box(async word => void heard.push(word))
    desk.time.forward(60_000)
    await until(() => heard.length === 1)
    expect(heard[0]?.sid).to.equal('s1')
  })

  it('is not said again to an app that refuses it', async () => {
    let tries = 0
    const { post } = box(async () => {
      tries++
      throw new DeliveryFault({ reason: 'refused' }, { forGood: true })
    })
    await post(logout('trading', 's1'))
    await until(() => desk.heard.names().includes('message.abandoned'))
    expect(tries).to.equal(1)
    expect(await desk.left()).to.deep.equal([])
  })

  it('to an app that is down keeps none from the others', async () => {
    const heard: string[] = []
    const { post } = box(async ({ to }) => {
      if (to === 'down') throw new Error('down')
      heard.push(to)
    })
    for (const [at, to] of ['down', 'down', 'trading', 'card'].entries()) await post(logout(to, `s${at}`))
    await until(() => heard.length === 2)
    expect(heard).to.have.members(['trading', 'card'])
  })

  it('is waited for until it was heard', async () => {
    const { post } = box(async () => {})
    await post(logout('trading', 's1'), 30_000)
    expect(desk.heard.names()).to.deep.equal(['message.sent'])
  })

  it('is waited for no longer than its first try takes, when that fails', async () => {
    const { post } = box(async () => Promise.reject(new Error('down')))
    await post(logout('card', 's2'), 30_000)
    expect(desk.heard.names()).to.include('message.delayed')
  })

  it('is waited for no longer than patience lasts', async () => {
    let done = false
    const { post } = box(async () => {
      await wait(150)
      done = true
    })
    await post(logout('wallet', 's3'), 20)
    expect(done).to.equal(false)
    await until(() => done)
  })
})
