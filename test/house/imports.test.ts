import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect } from 'chai'
import * as rules from './rules.ts'

const table = rules.tableOf(readFileSync('docs/architecture.md', 'utf8'))
const { downward, slices, oneCrypto, oneEnvironment, oneClock, oneForm, oneInternals } = rules
const { spelledOut, shallow, noDrawers, bounded, short } = rules

describe('the house', () => {
  const broken = (rule: typeof downward, files: readonly rules.Source[]) =>
    files.flatMap(file => rule(file, table).map(fault => `${file.path}: ${fault}`))
  const src = rules.sources('src', '.ts')
  const code = ['test', 'bench', 'examples'].flatMap(folder => rules.sources(folder, '.ts'))
  const shown = ['.ejs', '.css', '.js'].flatMap(ending => rules.sources('views', ending))
  const everything = [...src, ...code, ...shown]

  it('draws a table in which every room of src stands', () => {
    expect(table).to.include({ main: 'all', cli: 'all' })
    expect(table.web).to.include('flows')
    expect(src.length).to.be.greaterThan(10)
  })

  it('imports downward only', () => expect(broken(downward, src)).to.deep.equal([]))
  it('hands each room only its slice of the configuration', () => expect(broken(slices, src)).to.deep.equal([]))
  it('keeps cryptography in one room', () => expect(broken(oneCrypto, src)).to.deep.equal([]))
  it('reads the environment in one place', () => expect(broken(oneEnvironment, src)).to.deep.equal([]))
  it('loads no package in the process that keeps workers serving', () => {
    const reached = new Set<string>()
    const loads = (path: string): string[] => {
      const source = src.find(each => each.path === path)
      if (source === undefined || reached.has(path)) return []
      reached.add(path)
      // What `import()` names is loaded later, if at all.
      const at = rules.importsOf(source).filter(({ names, typesOnly }) => names !== '' && !typesOnly)
      const own = at.filter(({ from }) => from.startsWith('.'))
      const packages = at.filter(({ from }) => !/^(\.|node:)/.test(from)).map(({ from }) => `${path}: ${from}`)
      return [...packages, ...own.flatMap(({ from }) => loads(posix.join(posix.dirname(path), from)))]
    }
    expect(loads('src/main.ts')).to.deep.equal([])
    expect([...reached]).to.include('src/workers.ts')
  })
  it('reads forms in one place', () => expect(broken(oneForm, src)).to.deep.equal([]))
  it('uses the internals of oidc-provider in one file', () => expect(broken(oneInternals, src)).to.deep.equal([]))
  it('is told the time', () => expect(broken(oneClock, src)).to.deep.equal([]))
  it('spells out what it imports', () => expect(broken(spelledOut, src)).to.deep.equal([]))
  it('is one level deep', () => expect(broken(shallow, src)).to.deep.equal([]))
  it('has no drawers', () => expect(broken(noDrawers, everything)).to.deep.equal([]))
  it('cuts no list without a word', () => expect(broken(bounded, src)).to.deep.equal([]))
  it('imports nothing in circles', () => expect(rules.circles(src)).to.deep.equal([]))
  it('names every file of src differently', () => expect(rules.namesakes(src)).to.deep.equal([]))
  it('has no file that is a part of its only neighbour', () => expect(rules.tiny(src)).to.deep.equal([]))
  it('has no file over 250 lines', () => expect(broken(short, everything)).to.deep.equal([]))
})

describe('the rules of the house', () => {
  const file = (path: string, text = '') => ({ path, text })
  const drawn: rules.Table = { errors: [], config: [], crypto: ['errors'], flows: ['crypto', 'errors'], main: 'all' }

  it('catch a circle, by types alone and over several files', () => {
    const a = file('src/a.ts', "import type { B } from './crypto/b.ts'")
    const b = file('src/crypto/b.ts', "export * from './c.ts'")
    const c = file('src/crypto/c.ts', "import { a } from '../a.ts'")
    expect(rules.circles([a, b, c])).to.have.length(3)
    expect(rules.circles([a, b, file('src/crypto/c.ts', 'export const c = 1')])).to.deep.equal([])
  })
  it('catch files of one name, and small ones that serve one neighbour', () => {
    const files = [file('src/flows/a.ts'), file('src/web/a.ts', "import './b.ts'"), file('src/web/b.ts')]
    expect(rules.namesakes([...files, file('src/web/index.ts'), file('src/flows/index.ts')])).to.deep.equal(['a.ts'])
    expect(rules.tiny(files)).to.deep.equal(['src/web/b.ts'])
    expect(rules.tiny([...files, file('src/web/c.ts', "import './b.ts'")])).to.deep.equal([])
    expect(rules.tiny([...files.slice(0, 2), file('src/web/b.ts', `${'\n'.repeat(30)}x`)])).to.deep.equal([])
  })

  const caught: [string, typeof downward, rules.Source, string][] = [
    ['an import that goes up', downward, file('src/crypto/seal.ts', "import { x } from '../flows/policy.ts'"), 'flows'],
    ['one of types only', downward, file('src/crypto/seal.ts', "import type { X } from '../flows/x.ts'"), 'flows'],
    ['one that is exported on', downward, file('src/crypto/seal.ts', "export { x } from '../flows/x.ts'"), 'flows'],
    ['one for its effect', downward, file('src/crypto/seal.ts', "import '../flows/x.ts'"), 'flows'],
    ['one at run time', downward, file('src/crypto/seal.ts', "const x = await import('../flows/x.ts')"), 'flows'],
    [
      'one over several lines',
      downward,
      file('src/crypto/x.ts', "import {\n  a,\n  b,\n} from '../flows/x.ts'"),
      'flows',
    ],
    ['an import of the composition root', downward, file('src/flows/x.ts', "import { x } from '../main.ts'"), 'main'],
    ['a room that is in no table', downward, file('src/attic/x.ts'), 'attic is no room'],
    ['an import out of src', downward, file('src/flows/x.ts', "import { x } from '../../test/x.ts'"), 'out of src'],
    ['a value of config.ts', slices, file('src/flows/x.ts', "import { configure } from '../config.ts'"), 'more of'],
    ['another type of it', slices, file('src/flows/x.ts', "import type { Config, Y } from '../config.ts'"), 'more of'],
    [
      'a room that takes the whole configuration',
      slices,
      file('src/flows/x.ts', "import type { Config } from '../config.ts'\nexport const x = (config: Config) => config"),
      'whole Config',
    ],
    ['a query without a limit', bounded, file('src/flows/x.ts', 'await kept.find({ account })'), 'no limit'],
    [
      'a limit that nobody explains',
      bounded,
      file('src/flows/x.ts', 'kept.find({ a }, {\n limit: 10_000 })'),
      'no name',
    ],
    ['node:crypto elsewhere', oneCrypto, file('src/flows/x.ts', "import { hash } from 'node:crypto'"), 'node:crypto'],
    ['argon2 elsewhere', oneCrypto, file('src/flows/x.ts', "import { hash } from '@node-rs/argon2'"), 'argon2'],
    ['the global crypto', oneCrypto, file('src/flows/x.ts', 'const id = crypto.randomUUID()'), 'global'],
    ['the environment elsewhere', oneEnvironment, file('src/main.ts', 'const x = process.env.HOME'), 'environment'],
    [
      'the environment by its import',
      oneEnvironment,
      file('src/x.ts', "import { env } from 'node:process'"),
      'environ',
    ],
    [
      'a module of oidc-provider’s lib',
      oneInternals,
      file('src/oidc/x.ts', "import x from 'oidc-provider/lib/x.js'"),
      'lib/x.js',
    ],
    [
      'a method of oidc-provider that is replaced elsewhere',
      oneInternals,
      file('src/oidc/x.ts', "import { Provider } from 'oidc-provider'\nprovider.Session.prototype.save = save"),
      'replaces',
    ],
    ['a clock of one’s own', oneClock, file('src/flows/x.ts', 'const at = Date.now()'), 'clock'],
    ['a date of now', oneClock, file('src/flows/x.ts', 'const at = new Date()'), 'clock'],
    ['a form read elsewhere', oneForm, file('src/web/x.ts', 'const { name } = ctx.request.body'), 'web/forms.ts'],
    ['one read by a cast', oneForm, file('src/web/x.ts', '(ctx.request as { body?: unknown }).body'), 'web/forms.ts'],
    ['an import that nobody can read', spelledOut, file('src/flows/x.ts', 'await import(path)'), 'spelled'],
    ['an import put together', spelledOut, file('src/flows/x.ts', "await import('../' + room)"), 'spelled'],
    [
      'a file by createRequire',
      spelledOut,
      file('src/x.ts', "const load = createRequire('/')\nload('../web/x.ts')"),
      'spelled',
    ],
    ['require', spelledOut, file('src/flows/x.ts', "const x = require('../web/x.ts')"), 'spelled'],
    ['a folder in a folder', shallow, file('src/flows/sign-in/x.ts'), 'one level'],
    ['a folder that is a drawer', noDrawers, file('src/utils/x.ts'), 'utils'],
    ['a file that is a drawer', noDrawers, file('src/web/helpers.ts'), 'helpers'],
    ['251 lines', short, file('src/web/x.ts', 'x\n'.repeat(251)), '251'],
  ]
  for (const [what, rule, source, fault] of caught) {
    it(`catch ${what}`, () => {
      expect(rule(source, drawn)).to.have.length(1)
      expect(rule(source, drawn)[0]).to.include(fault)
    })
  }

  const fine: [string, typeof downward, rules.Source][] = [
    ['an import that goes down', downward, file('src/flows/x.ts', "import { x } from '../crypto/x.ts'")],
    ['one within the room', downward, file('src/flows/x.ts', "import { x } from './policy.ts'")],
    ['any import of the composition root', downward, file('src/main.ts', "import { x } from './flows/x.ts'")],
    ['data from outside', downward, file('src/flows/x.ts', "import x from '../../package.json' with { type: 'json' }")],
    ['an import in a comment', downward, file('src/crypto/x.ts', "// import { x } from '../flows/x.ts'")],
    [
      'a slice of the configuration',
      slices,
      file(
        'src/flows/x.ts',
        "import type { Config } from '../config.ts'\nexport const x = (mail: Config['mail']) => mail",
      ),
    ],
    ['the configuration in main', slices, file('src/main.ts', "import { configure } from './config.ts'")],
    ['node:crypto at home', oneCrypto, file('src/crypto/x.ts', "import { hash } from 'node:crypto'")],
    ['the environment at home', oneEnvironment, file('src/environment.ts', 'process.env')],
    ['a clock in main', oneClock, file('src/main.ts', 'const now = Date.now')],
    ['the date of a given time', oneClock, file('src/flows/x.ts', 'const at = new Date(now())')],
    ['an import at run time that is spelled out', spelledOut, file('src/x.ts', "await import('./x.ts')")],
    ['a package by createRequire', spelledOut, file('src/x.ts', "const load = createRequire('/')\nload('chai')")],
    ['forms in their place', oneForm, file('src/web/forms.ts', 'ctx.request.body')],
    ['what an app posts, unread', oneForm, file('src/oidc/x.ts', '(ctx.request as { rawBody?: string }).rawBody')],
    [
      'the internals of oidc-provider at home',
      oneInternals,
      file('src/oidc/internals.ts', "import x from 'oidc-provider/lib/x.js'"),
    ],
    [
      'what oidc-provider exports',
      oneInternals,
      file('src/oidc/x.ts', "import { Provider } from 'oidc-provider'\nname in Object.prototype"),
    ],
    ['a room', shallow, file('src/flows/x.ts')],
    ['a word with a drawer in it', noDrawers, file('src/factors/typed.ts')],
    ['250 lines', short, file('src/web/x.ts', 'x\n'.repeat(250))],
  ]
  for (const [what, rule, source] of fine) {
    it(`let ${what} be`, () => expect(rule(source, drawn)).to.deep.equal([]))
  }

  it('read the table of the rooms as it is drawn', () => {
    const read = rules.tableOf(
      '| room | imports |\n|---|---|\n| `errors`, `events` | nothing |\n| `web` | `errors`, `events` |\n| `main` | all |\n',
    )
    expect(read).to.deep.equal({ errors: [], events: [], web: ['errors', 'events'], main: 'all' })
  })
})
