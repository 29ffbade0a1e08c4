// The server writes the reader's time where it knows their zone, else universal time: here that becomes the browser's own.
const {
  lang,
  dataset: { zone: timeZone },
} = document.documentElement
const locale = lang === 'en' ? 'en-GB' : lang
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone })
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone })

for (const time of document.querySelectorAll('time')) {
  time.textContent = ('day' in time.dataset ? date : moment).format(new Date(time.dateTime))
}
