const all = selector => [...document.querySelectorAll(selector)]

/** Codes one a line under their heading; anything else as it would be typed. */
const textOf = element => {
  const codes = [...element.querySelectorAll('[data-recovery-code]')].map(code => code.textContent)
  if (codes.length === 0) return element.textContent.replace(/\s/g, '')
  const [heading, once] = [...element.querySelectorAll('.on-paper')].map(each => each.textContent)
  return [heading, location.host, '', ...codes, '', once, ''].join('\r\n')
}

for (const button of all('[data-copy]')) {
  const label = button.querySelector('span') ?? button
  const before = label.textContent
  // Only https and this machine itself have a clipboard.
  button.hidden = !navigator.clipboard
  label.setAttribute('aria-live', 'polite')
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(textOf(document.getElementById(button.dataset.copy)))
    label.textContent = button.dataset.copied
    setTimeout(() => {
      label.textContent = before
    }, 2_500)
  })
}

for (const button of all('[data-download]')) {
  const source = document.getElementById(button.dataset.download)
  button.addEventListener('click', () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([textOf(source)], { type: 'text/plain' }))
    link.download = source.dataset.name
    link.click()
    URL.revokeObjectURL(link.href)
  })
}

for (const button of all('[data-print]')) {
  button.addEventListener('click', () => print())
}
