const field = document.querySelector('[data-judge]')
const meter = document.getElementById('meter')
const words = meter.querySelector('p')
let latest = 0
let timer

const show = (score, text) => {
  meter.dataset.score = score
  words.textContent = text
}

const judge = async turn => {
  const body = new URLSearchParams({ password: field.value })
  const answer = await fetch(field.dataset.judge, { method: 'POST', body, headers: { Accept: 'application/json' } })
  if (!answer.ok) return
  const { score, text } = await answer.json()
  if (turn === latest) show(score, text)
}

field.addEventListener('input', () => {
  clearTimeout(timer)
  const turn = ++latest
  if (field.value === '') show('', '')
  // A meter that cannot be reached stays as it is: the password is judged again when it is sent.
  else timer = setTimeout(() => judge(turn).catch(() => {}), 300)
})

// What is sent is judged there; an answer to a later question would find another page.
field.form.addEventListener('submit', () => clearTimeout(timer))
