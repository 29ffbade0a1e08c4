import { Problem } from '../errors.ts'

/** A code as people type or paste it, spaces and full-width digits included, as six ASCII digits; throws `invalid_code`. */
export function sixDigits(typed: string): string {
  const code = typed.normalize('NFKC').replace(/[\s-]/g, '')
  if (!/^[0-9]{6}$/.test(code)) throw new Problem('invalid_code', { field: 'code' })
  return code
}
