import { Problem } from '../errors.ts'
import { typedCode } from './typed.ts'

/** A code as people type or paste it, in whatever digits and with whatever between them, as six ASCII digits; throws `invalid_code`. */
export function sixDigits(typed: string): string {
  const code = typedCode(typed).replace(/[ -]/g, '')
  if (!/^[0-9]{6}$/.test(code)) throw new Problem('invalid_code', { field: 'code' })
  return code
}
