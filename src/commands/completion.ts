import { type Command, Refusal } from './command.ts'

const shells = ['bash', 'zsh'] as const

/** Returns `completion`: a script that completes these commands and their options in a shell. */
export function completionOf(commands: Readonly<Record<string, Command>>): Command {
  return {
    does: 'Prints a script that completes commands and options in bash or zsh',
    takes: shells.join('|'),
    options: {},
    words: true,
    help: 'Add the line below to ~/.bashrc, or the same with zsh to ~/.zshrc. It needs no configuration.',
    examples: ['completion bash > ~/.latchkey-completion', 'completion zsh'],
    async run({ words: [shell, ...more], out }) {
      const known = shells.find(each => each === shell)
      if (known === undefined || more.length > 0) throw new Refusal(`Give one shell: ${shells.join(' or ')}.`)
      const head = known === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''
      out.write(`${head}${script(lines(commands))}`)
      return 0
    },
  }
}

/** What may follow the words that were typed: the next words of commands, and the options of a whole command. */
function lines(commands: Readonly<Record<string, Command>>): [typed: string, next: string][] {
  const next = new Map<string, Set<string>>()
  const add = (typed: string, word: string) => next.set(typed, (next.get(typed) ?? new Set()).add(word))
  for (const word of ['serve', 'completion', '--help']) add('', word)
  for (const shell of shells) add('completion', shell)
  for (const [name, { options }] of Object.entries(commands)) {
    const words = name.split(' ')
    words.forEach((word, at) => {
      add(words.slice(0, at).join(' '), word)
    })
    for (const option of [...Object.keys(options), 'help']) add(name, `--${option}`)
  }
  return [...next].map(([typed, words]) => [typed, [...words].join(' ')])
}

/** Files complete everything that is no word of a command. */
function script(cases: readonly [typed: string, next: string][]): string {
  const branches = cases.map(([typed, next]) => `    '${typed}') next='${next}' ;;`)
  return `_latchkey() {
  local word typed='' next='' current=\${COMP_WORDS[COMP_CWORD]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  case $typed in
${branches.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _latchkey latchkey ./latchkey
`
}
