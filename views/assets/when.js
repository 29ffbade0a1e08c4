// The server writes universal time; here it becomes the reader's own.
const { lang } = document.documentElement
const locale = lang === 'en' ? 'en-GB' : lang
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

for (const time of document.querySelectorAll('time')) {
  time.textContent = ('day' in time.dataset ? date : moment).format(new Date(time.dateTime))
}
