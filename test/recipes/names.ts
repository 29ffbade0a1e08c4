import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const folder = 'examples/recipes'
/** Every recipe: a folder each. */
export const names: readonly string[] = readdirSync(folder).sort()

/** The files of a folder, by their paths in it. */
export function filesOf(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name).slice(place.length + 1))
    .sort()
}
