import { expect } from 'chai'
import { type Source, sources } from './rules.ts'

/** What puts the program together; the register of personal data says something of its own. */
const composes = ({ path }: Source) =>
  path === 'src/latchkey.ts' || (path.startsWith('src/wiring/') && path !== 'src/wiring/personal-data.ts')

const lineCount = (text: string) => text.split('\n').length - 1

/** Counts the lines of a file that do nothing but connect: imports, and types that list what a module is given. */
function plumbing(source: Source): number {
  if (composes(source)) return lineCount(source.text)
  const connecting = [
    /^(?:import|export)\s[^;=()]*?\bfrom '[^']+'.*\n|^import '[^']+'.*\n/gm,
    /^(?:export )?(?:interface|type) (?:\w*Services|Rooms|Taken|Given)\b[\s\S]*?\n(?=\n)/gm,
  ]
  return connecting.flatMap(each => source.text.match(each) ?? []).reduce((sum, each) => sum + lineCount(each), 0)
}

describe('the plumbing of src', () => {
  const share = (files: readonly Source[]) => {
    const all = files.reduce((sum, { text }) => sum + lineCount(text), 0)
    return files.reduce((sum, each) => sum + plumbing(each), 0) / all
  }

  it('is less than a tenth of it', () => expect(share(sources('src', '.ts'))).to.be.below(0.1))

  it('is imports, lists of services, and what puts the program together', () => {
    const imports = "import {\n  a,\n} from './a.ts'\nimport './b.ts'\nexport { c } from './c.ts'\n"
    const lists = "interface Services {\n  a: A\n}\n\nexport type FlowServices = Pick<X, 'a'> & {\n  b: B\n}\n\n"
    const work = 'interface Step {\n  a: A\n}\n\nexport const b = 1\n'
    const of = (path: string, text: string) => plumbing({ path, text })
    expect(of('src/web/a.ts', `${imports}\n${lists}${work}`)).to.equal(5 + 6)
    expect(of('src/web/a.ts', work)).to.equal(0)
    expect(of('src/wiring/post.ts', work)).to.equal(5)
    expect(of('src/wiring/personal-data.ts', work)).to.equal(0)
  })
})
