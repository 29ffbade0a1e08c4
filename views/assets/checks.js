const form = document.querySelector('form[data-checks]')
const fault = document.querySelector('template[data-fault]')
const typed = new Set()
let latest = 0
let timer

const described = (field, id, by) => {
  const ids = new Set((field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean))
  if (by) ids.add(id)
  else ids.delete(id)
  field.setAttribute('aria-describedby', [...ids].join(' '))
}

const say = (field, text) => {
  const id = `${field.id}-error`
  const before = document.getElementById(id)
  described(field, id, text !== undefined)
  if (text === undefined) {
    before?.remove()
    field.removeAttribute('aria-invalid')
    return
  }
  field.setAttribute('aria-invalid', 'true')
  if (before) {
    const words = before.querySelector('span')
    // What is said already is not said again.
    if (words.textContent !== text) words.textContent = text
    return
  }
  const told = fault.content.firstElementChild.cloneNode(true)
  told.id = id
  told.querySelector('span').textContent = text
  field.closest('.field').append(told)
}

const check = async turn => {
  const body = new URLSearchParams(new FormData(form))
  const answer = await fetch(form.dataset.checks, { method: 'POST', body, headers: { Accept: 'application/json' } })
  if (!answer.ok || turn !== latest) return
  const { faults } = await answer.json()
  if (turn !== latest) return
  for (const name of typed) say(form.elements[name], faults.find(each => each.field === name)?.text)
}

form.addEventListener('input', ({ target }) => {
  clearTimeout(timer)
  const turn = ++latest
  // Only what somebody has typed into is judged, and not before they pause.
  if (target.matches('textarea, input:not([type=radio], [type=checkbox])') && target.name !== 'reason')
    typed.add(target.name)
  timer = setTimeout(() => check(turn).catch(() => {}), 400)
})

// What is sent is checked there.
form.addEventListener('submit', () => clearTimeout(timer))
