// A list of countries becomes a field that searches it, by name, calling code or ISO code (WAI-ARIA APG: combobox with list autocomplete and
// automatic selection). The list stays: it is what is posted, what browsers fill in, and all there is without scripts.
const fold = text =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replace(/[ぁ-ゖ]/g, kana => String.fromCharCode(kana.charCodeAt(0) + 0x60))
    .replace(/[٠-٩۰-۹]/g, digit => digit.charCodeAt(0) & 15)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

const named = [{ style: 'short' }, {}].map(
  (style, at) => new Intl.DisplayNames([document.documentElement.lang, 'en'][at], { type: 'region', ...style }),
)

/** What one entry is found by: names in the page's language, its short one, the English one, and the two codes. */
const entry = option => {
  const bracket = option.text.lastIndexOf('(')
  const [name, calling] = [option.text.slice(0, bracket), option.text.slice(bracket).replace(/\D/g, '')]
  const names = [name, ...named.map(each => each.of(option.value))].map(fold)
  return { option, names, iso: option.value.toLowerCase(), calling, after: 'after' in option.dataset }
}

/** How far an entry is from what was typed, 0 is nearest; undefined where it is not meant. */
const distance = ({ names, iso, calling }, typed) => {
  const number = typed.replaceAll(' ', '').replace(/^00/, '')
  if (/^\d+$/.test(number)) return calling === number ? 0 : calling.startsWith(number) ? 1 : undefined
  if (iso === typed || names.includes(typed)) return 0
  if (names.some(each => each.startsWith(typed))) return 1
  if (names.some(each => ` ${each}`.includes(` ${typed}`))) return 2
  return names.some(each => each.includes(typed)) ? 3 : undefined
}

const make = (tag, attributes) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

const searchable = select => {
  const { id } = select
  const entries = [...select.options].map(entry)
  const label = document.querySelector(`label[for="${id}"]`)
  const field = make('input', {
    ...{ id, type: 'text', role: 'combobox', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' },
    ...{ 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': `${id}-choices` },
  })
  const list = make('ul', { id: `${id}-choices`, class: 'choices', role: 'listbox', 'aria-label': label.textContent })
  const none = make('p', { class: 'hint' })
  list.hidden = true
  let found = []
  let at = -1

  const mark = index => {
    list.children[at]?.setAttribute('aria-selected', 'false')
    at = index
    const chosen = list.children[at]
    if (!chosen) return field.removeAttribute('aria-activedescendant')
    chosen.setAttribute('aria-selected', 'true')
    chosen.scrollIntoView({ block: 'nearest' })
    field.setAttribute('aria-activedescendant', chosen.id)
  }
  const show = (entries, index) => {
    found = entries
    at = -1
    list.replaceChildren(
      ...found.map(({ option }) => {
        const choice = make('li', { id: `${id}-${option.value}`, role: 'option', 'aria-selected': 'false' })
        choice.textContent = option.text
        return choice
      }),
    )
    list.hidden = found.length === 0
    none.textContent = list.hidden ? select.dataset.none : ''
    field.setAttribute('aria-expanded', String(!list.hidden))
    mark(index)
  }
  const close = () => {
    show([], -1)
    none.textContent = ''
  }
  const settle = () => {
    close()
    field.value = select.selectedOptions[0]?.text ?? ''
  }
  const accept = ({ option }) => {
    select.value = option.value
    select.dispatchEvent(new Event('change', { bubbles: true }))
  }
  const search = () => {
    const typed = fold(field.value)
    const meant = entries.map(each => ({ ...each, far: distance(each, typed) })).filter(({ far }) => far !== undefined)
    meant.sort((a, b) => a.far - b.far || a.after - b.after)
    if (typed === '') show(entries, -1)
    else show(meant, 0)
  }
  const all = () => show(entries, select.selectedIndex)

  const keys = {
    ArrowDown: () => (list.hidden ? all() : mark((at + 1) % found.length)),
    ArrowUp: () => (list.hidden ? all() : mark((at < 1 ? found.length : at) - 1)),
    Enter: () => at >= 0 && accept(found[at]),
    Escape: settle,
  }
  field.addEventListener('keydown', event => {
    // Until then Enter goes to the form, and while an input method composes, all keys are its own.
    const open = !list.hidden || none.textContent !== ''
    if (event.isComposing || !keys[event.key] || !(open || event.key.startsWith('Arrow'))) return
    event.preventDefault()
    keys[event.key]()
  })
  field.addEventListener('input', search)
  field.addEventListener('click', () => list.hidden && all())
  field.addEventListener('focus', () => {
    // Not before: what has succeeded is said by the only other one.
    none.setAttribute('role', 'status')
    field.select()
  })
  field.addEventListener('blur', () => (found[at] ? accept(found[at]) : settle()))
  list.addEventListener('mousedown', event => event.preventDefault())
  list.addEventListener('click', ({ target }) => {
    const index = [...list.children].indexOf(target.closest('li'))
    if (index >= 0) accept(found[index])
  })
  select.addEventListener('change', settle)
  addEventListener('pageshow', settle)

  select.removeAttribute('id')
  select.tabIndex = -1
  select.setAttribute('aria-hidden', 'true')
  select.classList.add('unseen')
  select.before(field, list)
  select.parentElement.after(none)
  settle()
}

for (const select of document.querySelectorAll('select[data-none]')) searchable(select)
