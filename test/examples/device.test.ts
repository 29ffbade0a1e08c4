import { expect } from 'chai'
import { signIn } from '../../examples/device.ts'
import { deviceGround, devices } from '../conformance/devices.ts'
import type { Ground } from '../conformance/ground.ts'

describe('the example of a device', function () {
  // It polls when it may: five seconds after it asked.
  this.timeout(30_000)
  let here: Ground
  before(async () => {
    here = await deviceGround()
  })
  after(() => here.stop())

  it('shows a code, and is signed in once its person has entered it', async () => {
    const person = await here.person()
    const { enter, letIn } = devices(here, person)
    let shown = (_: string) => {}
    const line = new Promise<string>(resolve => {
      shown = resolve
    })
    const signedIn = signIn(here.issuer, 'tv', shown)
    const [, code] = /^Open \S+\/device and enter (\S+)$/.exec(await line) ?? []
    await letIn(await enter(code))
    expect((await signedIn)?.acr).to.equal('aal2')
  })
})
