// A form is posted once: a second press while the answer is on its way would spend the code again.
let posted

const release = () => {
  posted?.removeAttribute('aria-busy')
  posted = undefined
}

addEventListener('submit', event => {
  if (event.defaultPrevented) return
  if (posted) {
    event.preventDefault()
    return
  }
  posted = event.target
  posted.setAttribute('aria-busy', 'true')
  // An answer that never comes must not lock the form.
  setTimeout(release, 8_000)
})

addEventListener('pageshow', release)
