// What the form carries is for the app, and asks people nothing: it goes on by itself.
addEventListener('load', () => document.querySelector('form[data-at-once]').requestSubmit())
