import { readdirSync } from 'node:fs'

export const folder = 'examples/recipes'
/** Every recipe: a folder each. */
export const names: readonly string[] = readdirSync(folder).sort()
