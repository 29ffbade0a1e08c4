// Goes on by itself once the link in the mail was followed, on whichever device.
const form = document.querySelector('[data-held]')
const soon = 3_000
const later = 15_000

const look = async () => {
  const answer = await fetch(form.dataset.held, { headers: { Accept: 'application/json' } })
  if (answer.status === 403 || answer.status === 410) return location.reload()
  if (answer.ok && (await answer.json()).confirmed) return form.requestSubmit()
  wait()
}

// A look that fails is followed by another: the button is there in any case.
const wait = () => setTimeout(() => look().catch(wait), document.hidden ? later : soon)

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) look().catch(() => {})
})
wait()
