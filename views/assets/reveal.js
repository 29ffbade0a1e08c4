for (const hint of document.querySelectorAll('[data-caps]')) {
  const field = document.getElementById(hint.dataset.caps)
  let timer
  const look = event => {
    const text = event.getModifierState?.('CapsLock') ? hint.dataset.on : ''
    // Not before somebody types: what has succeeded is said by the only other one. What is there before its text is read out.
    hint.setAttribute('role', 'status')
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (hint.textContent !== text) hint.textContent = text
    }, 100)
  }
  for (const what of ['keydown', 'keyup']) field.addEventListener(what, look)
}

for (const button of document.querySelectorAll('[data-reveal]')) {
  const field = document.getElementById(button.dataset.reveal)
  const show = button.textContent
  const set = shown => {
    field.type = shown ? 'text' : 'password'
    button.textContent = shown ? button.dataset.hide : show
  }
  button.addEventListener('click', () => {
    set(field.type === 'password')
    field.focus()
  })
  // Password managers and browsers keep only what leaves as a password.
  field.form.addEventListener('submit', () => set(false))
}
