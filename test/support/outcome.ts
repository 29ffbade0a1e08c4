import { Problem } from '../../src/errors.ts'

/** Resolves to `done`, or to the code of the Problem that stopped an act. Rejects for every other fault. */
export const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    fault => (fault instanceof Problem ? fault.code : Promise.reject(fault)),
  )
