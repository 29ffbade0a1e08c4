import Router from '@koa/router'

/** A route that somebody can reach, as it was declared. */
export interface Route {
  methods: readonly string[]
  /** Begins with a slash; `:name` stands for whatever a part of it is. */
  path: string
}

const declared = new Map<string, Route>()
const { register } = Router.prototype
// Every way to declare a route goes through it, so that no list of ours can forget one.
Router.prototype.register = function (this: Router, path, methods, ...rest) {
  for (const each of [path].flat())
    if (typeof each === 'string' && methods.length > 0)
      declared.set(`${methods} ${each}`, { methods: methods.map(name => name.toUpperCase()), path: each })
  return register.call(this, path, methods, ...rest)
} as typeof register

/** Lists the routes that were declared in this process since this file was loaded. */
export const routes = (): Route[] => [...declared.values()]
