// A list of countries becomes a field that searches it, by name, abbreviation, calling code or ISO code (WAI-ARIA APG: combobox with list
// autocomplete and automatic selection). The list stays: it is what is posted, what browsers fill in, and all there is without scripts.
const fold = text =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}ـ]/gu, '')
    .toLowerCase()
    .replace(/[ıßøæłđðةى]/g, letter => plain[letter])
    .replace(/[ぁ-ゖ]/g, kana => String.fromCharCode(kana.charCodeAt(0) + 0x60))
    .replace(/[٠-٩۰-۹]/g, digit => digit.charCodeAt(0) & 15)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

// Letters that are typed in more than one way, and have no accent that could be taken off.
const plain = { ı: 'i', ß: 'ss', ø: 'o', æ: 'ae', ł: 'l', đ: 'd', ð: 'd', ة: 'ه', ى: 'ي' }

// What people call countries besides their names (Unicode CLDR has no such list).
const called = {
  ...{
    US: 'usa,america,states',
    GB: 'uk,britain,great britain,grossbritannien,england,scotland,wales,northern ireland',
    AE: 'uae,emirates,vae,eau',
  },
  ...{
    CD: 'drc,congo kinshasa',
    CG: 'congo brazzaville',
    CF: 'car',
    CI: 'ivory coast',
    CN: 'prc',
    CV: 'cape verde',
    CZ: 'czech republic',
  },
  ...{
    DE: 'brd',
    DO: 'dominican republic',
    KP: 'dprk,north korea',
    KR: 'rok,south korea,korea',
    MK: 'macedonia',
    MM: 'burma',
    NL: 'holland',
  },
  ...{
    NZ: 'nz',
    PG: 'png',
    RU: 'russian federation',
    SA: 'ksa',
    SZ: 'swaziland',
    TL: 'east timor',
    TR: 'turkey',
    TW: 'roc',
    VA: 'vatican',
  },
  ...{ VN: 'viet nam', ZA: 'rsa', BA: 'bih', CH: 'swiss' },
}

const styles = [{}, { style: 'short' }]
const namesIn = languages =>
  languages.flatMap(language => styles.map(style => new Intl.DisplayNames(language, { type: 'region', ...style })))
const page = namesIn([document.documentElement.lang, 'en'])

/** Names in every language of the pages. */
let others
const everywhere = () => {
  others ??= namesIn([...document.querySelectorAll('#switch-language option')].map(({ value }) => value))
  return others
}

/** What a country is called by most who live there. */
const atHome = region => namesIn([new Intl.Locale(`und-${region}`).maximize().language])

/** What one entry is found by: names in the page's language and in English, what it is called besides, and the two codes; `abroad` names it in all other languages. */
const entry = option => {
  const bracket = option.text.lastIndexOf('(')
  const [name, calling] = [option.text.slice(0, bracket), option.text.slice(bracket).replace(/\D/g, '')]
  const own = called[option.value]?.split(',') ?? []
  const names = [name, ...page.map(each => each.of(option.value)), ...own].map(fold)
  let more
  const abroad = () => {
    more ??= [...everywhere(), ...atHome(option.value)].map(each => fold(each.of(option.value)))
    return more
  }
  return { option, names, abroad, iso: option.value.toLowerCase(), calling, after: 'after' in option.dataset }
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

/** The entries that are meant, nearest first. What they are called elsewhere counts where nothing else is found. */
const meantBy = (entries, typed) => {
  const found = (among = entries) =>
    among.map(each => ({ ...each, far: distance(each, typed) })).filter(({ far }) => far !== undefined)
  const near = found()
  const meant = near.length > 0 ? near : found(entries.map(each => ({ ...each, names: each.abroad() })))
  return meant.sort((a, b) => a.far - b.far || a.after - b.after)
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
    if (typed === '') show(entries, -1)
    else show(meantBy(entries, typed), 0)
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
  if ('opened' in select.dataset) all()
}

for (const select of document.querySelectorAll('select[data-none]')) searchable(select)
