import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs from 'ejs'
import type { Declaration } from './apps.ts'
import type { Session } from './sessions.ts'
import type { Speech } from './speech.ts'
import type { Trouble } from './trouble.ts'
import { assets } from './wallet-api.ts'
import type { Draft } from './withdrawals.ts'
import { inWords } from './words.ts'

/** One of the suite as a link. */
export interface Sister {
  id: string
  name: string
  url: string
}

/** What every page is given: how it speaks to its reader, too. */
export interface Frame extends Speech {
  app: Declaration
  sisters: readonly Sister[]
  issuer: string
  /** It has an API that sends money. */
  sends: boolean
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const view = (name: string) => {
  const filename = file(`views/${name}.ejs`)
  return ejs.compile(readFileSync(filename, 'utf8'), { strict: true, localsName: 'page', filename })
}

const layout = view('layout')
const home = view('home')
const problem = view('problem')
const withdraw = view('withdraw')
const examples = { trading: view('trading'), staking: view('staking'), wallet: view('wallet'), card: view('card') }

/** The one style sheet. */
export const style = readFileSync(file('suite.css'), 'utf8')

/** The app's tile as an icon; `style` has the same colours. */
export function icon(app: Declaration): string {
  const colours = { trading: '#2956c8', staking: '#6b3fc0', wallet: '#0e6f73', card: '#bb4228' }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22"><rect width="22" height="22" rx="6" fill="${colours[app.id]}"/><text x="11" y="15.5" text-anchor="middle" font-family="system-ui,sans-serif" font-weight="700" font-size="12.5" fill="#fff">${app.name[0]}</text></svg>`
}

/** `/`: who is signed in, or the way to become so. */
export function homePage(frame: Frame, session: Session | undefined, now: number): string {
  const person = session && inWords(session, now, frame)
  const example = session && examples[frame.app.id](frame)
  return layout({ ...frame, title: frame.app.name, body: home({ ...frame, person, example }) })
}

/** What went wrong, and what to do next. */
export function problemPage(frame: Frame, trouble: Trouble): string {
  return layout({
    ...frame,
    title: `${frame.t(`trouble.${trouble.code}.title`)} · ${frame.app.name}`,
    body: problem({ ...frame, trouble }),
  })
}

/** `/withdraw`: what to send, and what was sent. */
export function withdrawPage(frame: Frame, draft: Draft | undefined, sent: readonly object[] = []): string {
  return layout({
    ...frame,
    title: `${frame.t('withdraw.title')} · ${frame.app.name}`,
    body: withdraw({ ...frame, draft, sent, assets }),
  })
}
