import type { Element } from './html.ts'

/** What a person types or picks: text, a tick (true or false), the values of several ticks, or a file. */
export type Answer = string | boolean | readonly string[] | File
export type Answers = Readonly<Record<string, Answer>>

/** All controls of one name. */
export interface Field {
  name: string
  /** `text`, `password`, `hidden`, `checkbox`, `radio`, `select`, `textarea`, … */
  type: string
  label: string
  /** What it would send untouched; undefined where it would send nothing. */
  value: string | undefined
  /** The values that can be picked, of a select, radio buttons or ticks. */
  options: string[]
  /** Its first control. */
  element: Element
}

export interface Button {
  name: string | undefined
  value: string
  text: string
  element: Element
}

export interface Form {
  /** Absolute. */
  action: string
  method: 'get' | 'post'
  multipart: boolean
  fields: Field[]
  buttons: Button[]
  element: Element
  /** What a browser would send, in order. Throws where a person could not have given such an answer. */
  entries(answers: Answers, pressed?: Button): [string, string | File][]
}

interface Control {
  name: string
  type: string
  /** What it sends when it is chosen or untouched. */
  value: string
  chosen: boolean
  options: string[]
  element: Element
}

const buttons = new Set(['submit', 'image', 'button', 'reset'])
const picked = new Set(['checkbox', 'radio'])

function inFieldset(element: Element): boolean {
  for (let above = element.parent; above; above = above.parent) {
    if (above.tag === 'fieldset' && above.attributes.disabled !== undefined) return true
  }
  return false
}

/** The controls of a form: those inside it, and those elsewhere that name it (HTML 4.10.18.3). */
function owned(page: Element, form: Element): Element[] {
  const id = form.attributes.id
  const inside = new Set(form.all('input, select, textarea, button'))
  return page.all('input, select, textarea, button').filter(each => {
    const owner = each.attributes.form
    return (
      (owner === undefined ? inside.has(each) : owner === id) &&
      each.attributes.disabled === undefined &&
      !inFieldset(each)
    )
  })
}

function control(element: Element): Control | undefined {
  const name = element.attributes.name
  const type = element.tag === 'input' ? (element.attributes.type ?? 'text').toLowerCase() : element.tag
  if (name === undefined || name === '' || type === 'button' || buttons.has(type)) return undefined
  if (element.tag === 'select') {
    const options = element.all('option').map(option => option.attributes.value ?? option.text)
    const selected = element.all('option').findIndex(option => option.attributes.selected !== undefined)
    return { name, type, value: options[Math.max(selected, 0)] ?? '', chosen: options.length > 0, options, element }
  }
  const value =
    element.tag === 'textarea'
      ? element.children.join('')
      : (element.attributes.value ?? (picked.has(type) ? 'on' : ''))
  return {
    name,
    type,
    value,
    chosen: !picked.has(type) || element.attributes.checked !== undefined,
    options: picked.has(type) ? [value] : [],
    element,
  }
}

function labelOf(page: Element, element: Element): string {
  const id = element.attributes.id
  const label = id === undefined ? undefined : page.all('label').find(each => each.attributes.for === id)
  if (label) return label.text
  for (let above = element.parent; above; above = above.parent) if (above.tag === 'label') return above.text
  return element.attributes['aria-label'] ?? ''
}

function answered({ name, type, value, options, chosen }: Control, answer: Answer | undefined): (string | File)[] {
  if (answer === undefined) return chosen ? [value] : []
  if (picked.has(type))
    return answer === true || answer === value || (Array.isArray(answer) && answer.includes(value)) ? [value] : []
  if (answer instanceof File) return [answer]
  if (typeof answer !== 'string') throw new TypeError(`${name} takes text`)
  if (type === 'select' && !options.includes(answer)) throw new TypeError(`${name} does not offer ${answer}`)
  return [answer]
}

/** Every form of the page, as `url` resolves it. */
export function forms(page: Element, url: string): Form[] {
  return page.all('form').map(element => {
    const all = owned(page, element)
    const controls = all.map(control).filter(each => each !== undefined)
    const names = [...new Set(controls.map(each => each.name))]
    return {
      action: new URL(element.attributes.action ?? url, url).href,
      method: element.attributes.method?.toLowerCase() === 'post' ? 'post' : 'get',
      multipart: element.attributes.enctype === 'multipart/form-data',
      fields: names.map(name => {
        const same = controls.filter(each => each.name === name)
        const [first] = same as [Control]
        const value = same.find(each => each.chosen)?.value
        return {
          name,
          type: first.type,
          label: labelOf(page, first.element),
          value,
          options: same.flatMap(each => each.options),
          element: first.element,
        }
      }),
      buttons: all
        .filter(
          each => (each.tag === 'button' ? (each.attributes.type ?? 'submit') : each.attributes.type) === 'submit',
        )
        .map(each => ({
          name: each.attributes.name,
          value: each.attributes.value ?? '',
          text:
            each.tag === 'button'
              ? each.text || (each.attributes['aria-label'] ?? '')
              : (each.attributes.value ?? 'Submit'),
          element: each,
        })),
      element,
      entries(answers, pressed) {
        const unknown = Object.keys(answers).filter(name => !names.includes(name))
        if (unknown.length > 0)
          throw new TypeError(`the form has no ${unknown.join(', ')}: it asks for ${names.join(', ')}`)
        for (const [name, answer] of Object.entries(answers)) {
          const choices = controls.filter(each => each.name === name && picked.has(each.type))
          const wanted = typeof answer === 'boolean' || answer instanceof File ? [] : [answer].flat()
          const missing = choices.length > 0 && wanted.find(each => !choices.some(choice => choice.value === each))
          if (missing) throw new TypeError(`${name} does not offer ${missing}`)
        }
        const sent = controls.flatMap(each =>
          answered(each, answers[each.name]).map(value => [each.name, value] as [string, string | File]),
        )
        if (pressed?.name !== undefined && pressed.name !== '') sent.push([pressed.name, pressed.value])
        return sent
      },
    }
  })
}
