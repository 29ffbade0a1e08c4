import { otherPages } from './gallery-pages.ts'
import type { Picture } from './gallery-samples.ts'
import { signIns } from './gallery-sign-in.ts'
import { signUps } from './gallery-sign-up.ts'

/** Every page in every state that people meet: empty, typed, refused, very long, in the longer language. */
export const gallery: readonly Picture[] = [...signIns, ...signUps, ...otherPages]
