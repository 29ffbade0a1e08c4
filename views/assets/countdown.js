// Counts from when the page came, so a wrong clock does no harm. The server keeps to the wait in any case.
for (const form of document.querySelectorAll('[data-wait]')) {
  const button = form.querySelector('button')
  const words = form.querySelector('[data-left]')
  const ends = performance.now() + Number(form.dataset.wait) * 1_000

  const tick = () => {
    const left = Math.ceil((ends - performance.now()) / 1_000)
    button.disabled = left > 0
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    words.textContent = left > 0 ? form.dataset.in.replace('{time}', clock) : ''
    if (left > 0) setTimeout(tick, 250)
  }
  tick()
}
