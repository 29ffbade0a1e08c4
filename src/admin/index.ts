import { Problem } from '../errors.ts'
import { notes } from './notes.ts'
import { type Operation, type Operator, permitted } from './operation.ts'
import { peopleSearch } from './people-search.ts'
import { personGet } from './person.ts'

type Services = Parameters<typeof peopleSearch>[0] & Parameters<typeof personGet>[0] & Parameters<typeof notes>[0]

/** Every operation of the console and the admin API, and what performs them. */
export function admin(services: Services) {
  const operations = {
    people: { search: peopleSearch(services), get: personGet(services), ...notes(services) },
  }
  const list = Object.values(operations).flatMap(family => Object.values(family)) as unknown as Operation[]
  return {
    ...operations,
    list,
    /** Performs an operation for one of the staff or a program. Throws what `permitted` throws, and what the operation throws. */
    perform: async <O extends Operation<never, never>>(
      declared: O,
      given: unknown,
      by: Operator,
    ): Promise<Awaited<ReturnType<O['run']>>> => {
      const args = permitted(declared as unknown as Operation, given, by)
      return (await declared.run(args as never, by)) as Awaited<ReturnType<O['run']>>
    },
    /** Finds an operation by its id. Throws `not_found`. */
    named: (id: string): Operation => {
      const found = list.find(each => each.id === id)
      if (!found) throw new Problem('not_found')
      return found
    },
  }
}
