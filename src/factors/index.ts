import type { Hasher } from '../crypto/hash.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Factor } from './factor.ts'
import { passkey } from './passkey.ts'
import { password } from './password.ts'
import { recoveryCode } from './recovery-code.ts'
import { emailCode, type Sending, smsCode } from './sent-code.ts'
import { totp } from './totp.ts'

export interface FactorServices {
  hasher: Hasher
  /** Resolves to the kind of hash in whose time an address without a password is answered; undefined for ours. */
  likeness?: ((address: string) => Promise<string | undefined>) | undefined
  sealer: Pick<Sealer, 'blind'>
  /** Resolves when the message is kept for sending. */
  send(sending: Sending): Promise<void>
  /** The countries that texts are sent to (ISO 3166-1 alpha-2); every one unless told. */
  countries?: readonly string[] | undefined
  /** The service's name, as people know it. */
  name: string
  /** The issuer's origin. */
  issuer: string
}

/** Every factor there is, in order of preference: the only list of them. */
export function factors({
  hasher,
  likeness,
  sealer: { blind },
  send,
  countries,
  name,
  issuer,
}: FactorServices): readonly Factor[] {
  return [
    passkey({ name, issuer }),
    password({ hasher, name, likeness }),
    totp({ name }),
    smsCode({ blind, send, countries }),
    emailCode({ blind, send }),
    recoveryCode(),
  ]
}
