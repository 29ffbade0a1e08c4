import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** Of all these rules, those that read colours: the others find the same in a dark page as in a light one. */
const colours = ['color-contrast', 'link-in-text-block']

/** Brings the judge into a page, unless it is there. DevTools does it: no policy has to be lifted. */
export async function seat(page: Page): Promise<void> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(source)
}

/** What would keep somebody out of a page where the judge is, as it stands; or what of it is a matter of colours. */
export function judged(page: Page, of: 'all' | 'colours' = 'all'): Promise<string[]> {
  const runOnly = of === 'all' ? tags : { type: 'rule', values: colours }
  return page.evaluate(`axe.run({ runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html).join(' ')))`)
}
