import { generateSecret, generateURI, verifySync } from 'otplib'
import { renderSVG } from 'uqr'
import { z } from 'zod'
import { type Factor, filled, refused } from './factor.ts'
import { sixDigits } from './typed.ts'

/** Seconds for which a code stands (RFC 6238, 4.1). */
const period = 30

const secret = z.object({
  /** Base32. */
  secret: z.string(),
  /** The last step that was used: it and those before it never count again. */
  step: z.number(),
})
const answer = z.object({ code: z.string().max(256) })

type Secret = z.output<typeof secret>
type Answer = z.output<typeof answer>

/** Throws for a code that is empty or lacks digits. */
const complete = ({ code }: Answer) => {
  filled('code', code)
  sixDigits(code)
}

/** An authenticator app's six digits (RFC 6238): SHA-1, 30 seconds, one step of drift to either side. `name` is what the app shows. */
export function totp({ name }: { name: string }): Factor<Secret, { secret: string }, Answer, null, Answer> {
  return {
    id: 'totp',
    kind: 'possession',
    amr: ['otp'],
    positions: ['second'],
    strength: 'aal2',
    mandatory: true,
    // An old phone and the new one.
    limit: 2,
    secret,
    enrol: {
      begin: async who => {
        const made = generateSecret({ length: 20 })
        const uri = generateURI({ issuer: name, label: who.email ?? name, secret: made })
        return { state: { secret: made }, page: { secret: made, uri, qr: qr(uri) } }
      },
      answer,
      complete,
      finish: async ({ code }, state, who) => {
        const step = stepOf(sixDigits(code), state.secret, who.now)
        if (step === undefined) throw refused('wrong_code', 'code', who)
        return { secret: { secret: state.secret, step } }
      },
    },
    prove: {
      answer,
      complete,
      finish: async ({ code }, _, who) => {
        const digits = sixDigits(code)
        const matches = who.credentials.flatMap(({ id, secret: own }) => {
          const step = stepOf(digits, own.secret, who.now)
          return step === undefined ? [] : [{ id, own, step }]
        })
        if (matches.length === 0) throw refused('wrong_code', 'code', who)
        const fresh = matches.find(({ step, own }) => step > own.step)
        if (!fresh) throw refused('code_spent', 'code', who)
        return { credential: fresh.id, secret: { ...fresh.own, step: fresh.step } }
      },
    },
  }
}

/** The step that a code belongs to, now or one to either side; undefined for a wrong one. */
function stepOf(token: string, secret: string, now: number): number | undefined {
  const result = verifySync({ secret, token, period, epoch: Math.floor(now / 1000), epochTolerance: period })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}

// Black by attribute, which a stylesheet may change, and white beneath in the dark too: cameras need dark on light.
function qr(uri: string): string {
  return renderSVG(uri, { ecc: 'M', border: 4, pixelSize: 4, whiteColor: '#fff', blackColor: 'currentColor' }).replace(
    /<svg ([^>]*)>/,
    '<svg $1 role="img" color="#000"><title>QR code</title>',
  )
}
