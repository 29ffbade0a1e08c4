import { fileURLToPath } from 'node:url'
import { close, launch } from '../../test/support/browser.ts'
import { startLatchkey } from '../../test/support/latchkey.ts'

// npm run screenshots: takes the pictures that README and docs show, from the gallery: the pages as they are, with its samples. Takes those
// that are named alone: npm run screenshots -- account console-person
const named = process.argv.slice(2)
const looks = [
  { name: '', theme: 'light', viewport: { width: 1280, height: 800 } },
  { name: '.dark', theme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: '.narrow', theme: 'light', viewport: { width: 360, height: 760 } },
  { name: '.narrow.dark', theme: 'dark', viewport: { width: 360, height: 760 } },
] as const

/** What each picture shows: a page of the gallery by its title. */
const pictures: Readonly<Record<string, string>> = {
  'sign-in': 'start',
  'sign-up': 'sign-up-email',
  'email-code': 'sign-up-email-code',
  password: 'sign-up-password',
  authenticator: 'sign-up-authenticator',
  'recovery-codes': 'sign-up-recovery-codes',
  passkey: 'sign-up-passkey',
  consent: 'consent',
  account: 'overview',
  security: 'security',
  restrictions: 'restrictions',
  sessions: 'sessions',
  activity: 'activity',
  'api-keys': 'keys',
  apps: 'apps',
  data: 'data',
  profile: 'profile',
  close: 'close',
  'forgot-password': 'forgot',
  recover: 'recover',
  'lost-phone': 'lost-phone',
  identity: 'identity',
  help: 'help',
  device: 'device-enter',
  'device-confirm': 'device-confirm',
  approvals: 'approvals',
  approve: 'approve',
  closing: 'closing-sign-in',
  confirm: 'confirm-remove',
  locked: 'locked',
  console: 'admin',
  'console-people': 'admin-people',
  'console-person': 'admin-person',
  'console-act': 'admin-act',
  'console-proposals': 'admin-proposals',
  'console-proposal': 'admin-proposal',
  'console-roles': 'admin-roles',
  'console-audit': 'admin-audit',
  'console-apps': 'admin-apps',
  'console-app': 'admin-app',
  'console-registered-app': 'admin-app-registered',
  'console-new-app': 'admin-app-new',
  'console-rotate': 'admin-app-rotate',
  'console-secret': 'admin-app-secret',
  'console-invitations': 'admin-invitations',
  'console-new-invitation': 'admin-invitation-new',
  'console-invitation-token': 'admin-invitation-token',
  'console-policies': 'admin-policies',
  'console-apis': 'admin-apis',
  'console-api': 'admin-api',
  'console-cases': 'admin-recovery',
  'console-case': 'admin-case',
  'console-documents': 'admin-documents',
  'console-passkey': 'admin-passkey',
  'console-attribute': 'admin-attribute',
  'console-app-roles': 'admin-app-roles',
  'console-keys': 'admin-keys',
  'console-rotate-keys': 'admin-keys-rotate',
  'console-settings': 'admin-settings',
  'console-webhooks': 'admin-webhooks',
  'console-webhook': 'admin-webhook',
  'console-new-webhook': 'admin-webhook-new',
  'console-replay': 'admin-webhook-replay',
}

const latchkey = await startLatchkey({ environment: { LATCHKEY_LOG: 'silent' } })
try {
  const page = await (await (await launch()).newContext({ reducedMotion: 'reduce' })).newPage()
  const wanted = Object.entries(pictures).filter(([picture]) => named.length === 0 || named.includes(picture))
  for (const [picture, title] of wanted)
    for (const { name, theme, viewport } of looks) {
      await page.emulateMedia({ colorScheme: theme })
      await page.setViewportSize(viewport)
      const answer = await page.goto(`${latchkey.issuer}/dev/gallery/page/${title}?language=en&theme=${theme}`)
      if (answer?.status() === 404) throw new Error(`the gallery has no ${title}`)
      await page.waitForLoadState('networkidle')
      const path = fileURLToPath(new URL(`${picture}${name}.png`, import.meta.url))
      await page.screenshot({ path, fullPage: true })
    }
} finally {
  await close()
  await latchkey.stop()
}
