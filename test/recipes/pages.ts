import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, names } from './names.ts'

/** Where the page of a recipe is. */
export const pageOf = (name: string): string => `docs/recipes/${name}.md`

/** The page of a recipe, with every block that is called as a file holding what that file holds now. */
export function filled(name: string): string {
  return readFileSync(pageOf(name), 'utf8').replace(
    /^```(\w+) (\S+)\n[\s\S]*?^```$/gm,
    (_, language, file) => `\`\`\`${language} ${file}\n${readFileSync(join(folder, name, file), 'utf8')}\`\`\``,
  )
}

if (import.meta.main) for (const name of names) writeFileSync(pageOf(name), filled(name))
