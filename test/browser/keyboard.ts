import { expect } from 'chai'
import type { Locator } from 'playwright-core'
import { painted, type Visitor } from './visitor.ts'

/** What a visitor does with the keyboard alone. */
export type Keyboard = ReturnType<typeof keyboard>

/** Gives a visitor a keyboard and no mouse: what they use, they reach with Tab and see the focus on. */
export function keyboard({ page }: Pick<Visitor, 'page'>) {
  /** Presses Tab until this has the focus, whatever has it now. */
  const reach = async (wanted: Locator): Promise<void> => {
    await wanted.waitFor()
    await painted(page)
    const focused = () => wanted.evaluate(element => element.matches(':focus'))
    for (let pressed = 0; !(await focused()); pressed++) {
      expect(pressed, `Tab never comes to ${wanted}`).to.be.below(120)
      await page.keyboard.press('Tab')
    }
    expect(await wanted.evaluate(element => element.matches(':focus-visible')), `${wanted} shows its focus`).to.equal(
      true,
    )
  }
  return {
    reach,
    /** Follows a link, presses a button, or opens what unfolds. */
    enter: async (wanted: Locator): Promise<void> => {
      await reach(wanted)
      await page.keyboard.press('Enter')
    },
    /** Ticks a box, or chooses one of several. */
    tick: async (wanted: Locator): Promise<void> => {
      await reach(wanted)
      await page.keyboard.press('Space')
    },
    /** Writes into a field in the place of what it held. */
    write: async (field: Locator, text: string): Promise<void> => {
      await reach(field)
      await page.keyboard.press('Control+A')
      await page.keyboard.type(text)
    },
    /** Writes into a field and sends the form that it is in. */
    send: async (field: Locator, text: string): Promise<void> => {
      await reach(field)
      await page.keyboard.press('Control+A')
      await page.keyboard.type(text)
      await page.keyboard.press('Enter')
    },
    /** Finds an entry of a list by its first letters. */
    find: async (list: Locator, letters: string): Promise<void> => {
      await reach(list)
      await page.keyboard.type(letters)
    },
  }
}
