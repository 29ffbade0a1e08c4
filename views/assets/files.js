// Files that would be refused for their number or size are refused before they are sent: what was typed stays, and nobody waits for nothing.
const field = document.querySelector('input[type=file][data-bytes]')
const fault = document.querySelector('template[data-fault]')
const id = `${field.id}-error`

const refusal = () => {
  const { most, bytes, many, large } = field.dataset
  const files = [...field.files]
  if (files.length > Number(most)) return many
  return files.some(({ size }) => size > Number(bytes)) ? large : undefined
}

const say = text => {
  document.getElementById(id)?.remove()
  const others = field
    .getAttribute('aria-describedby')
    .split(' ')
    .filter(each => each !== id)
  field.setAttribute('aria-describedby', (text ? [...others, id] : others).join(' '))
  if (!text) return field.removeAttribute('aria-invalid')
  field.setAttribute('aria-invalid', 'true')
  const told = fault.content.firstElementChild.cloneNode(true)
  told.id = id
  told.querySelector('span').textContent = text
  field.closest('.field').append(told)
}

field.addEventListener('change', () => say(refusal()))
field.form.addEventListener('submit', event => {
  const text = refusal()
  if (!text) return
  event.preventDefault()
  say(text)
  field.focus()
})
