// An anchor names a place in the source by what stands there: a function, then a call, a condition
// or a value in it. Only names matter: files, formatting and comments do not.

import ts from 'typescript'
import type { SourceTree } from './source-tree.js'
import {
  conditionsOf,
  functionName,
  isCallOf,
  isReference,
  mentioning,
  nameOf,
  operandsOf,
  returnedFrom,
  within,
} from './syntax.js'

/** A step leads from one place to some that it contains. */
interface Step {
  readonly says: string
  readonly find: (from: ts.Node) => Iterable<ts.Node>
}

/** The number of places that one step left. */
export interface Count {
  readonly says: string
  readonly found: number
}

/**
 * A row of steps. Each step searches what the step before found. A step that asks what a place
 * mentions is content with one identifier or property of exactly that name.
 */
export class Anchor {
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[] = []) {
    this.#steps = steps
  }

  /** The function of this name, in whatever file: `step`, `Lease.end`, `Lease.constructor`. */
  inFunction(name: string): Anchor {
    return this.#then(`function ${name}`, (from) =>
      within(from).filter((node) => functionName(node) === name),
    )
  }

  /** A call of what ends with this name: `Math.min`, `min`, `#send`. */
  call(name: string): Anchor {
    return this.#then(`call of ${name}`, (from) =>
      within(from).filter((node) => isCallOf(node, name)),
    )
  }

  /** An argument of a call, by its index or by what it mentions. */
  argument(which: number | string): Anchor {
    const says = typeof which === 'number' ? String(which) : `that mentions ${which}`
    return this.#then(`argument ${says}`, (from) => {
      const all = ts.isCallExpression(from) ? [...from.arguments] : []
      return typeof which === 'number' ? all.slice(which, which + 1) : mentioning(all, which)
    })
  }

  /** The value of a property in an object literal. */
  property(name: string): Anchor {
    return this.#then(`value of property ${name}`, (from) =>
      within(from)
        .filter((node) => ts.isObjectLiteralElement(node) && nameOf(node.name) === name)
        .map((node) => (ts.isPropertyAssignment(node) ? node.initializer : node))
        .filter((node) => ts.isExpression(node) || ts.isShorthandPropertyAssignment(node)),
    )
  }

  /** The condition of an `if`, a `?` or a loop. */
  condition(mentions: string): Anchor {
    return this.#then(`condition that mentions ${mentions}`, (from) =>
      mentioning(within(from).flatMap(conditionsOf), mentions),
    )
  }

  /** The whole `if` whose condition mentions this. */
  ifStatement(mentions: string): Anchor {
    return this.#then(`if whose condition mentions ${mentions}`, (from) =>
      within(from).filter(
        (node) => ts.isIfStatement(node) && mentioning([node.expression], mentions).length > 0,
      ),
    )
  }

  /** One of the operands that `&&` and `||` join. */
  operand(mentions: string): Anchor {
    return this.#then(`operand that mentions ${mentions}`, (from) =>
      mentioning(operandsOf(from), mentions),
    )
  }

  /** The operator between two sides. */
  operator(): Anchor {
    return this.#then('operator', (from) =>
      ts.isBinaryExpression(from) ? [from.operatorToken] : [],
    )
  }

  /** A use of a variable, a constant or a parameter. */
  reference(name: string): Anchor {
    return this.#then(`reference to ${name}`, (from) =>
      within(from)
        .filter((node) => ts.isIdentifier(node) && node.text === name && isReference(node))
        .map((node) => (ts.isShorthandPropertyAssignment(node.parent) ? node.parent : node)),
    )
  }

  /** What the function itself returns, not what functions inside it do. */
  returned(mentions?: string): Anchor {
    const says = mentions === undefined ? '' : ` that mentions ${mentions}`
    return this.#then(`returned value${says}`, (from) => {
      const all = returnedFrom(from)
      return mentions === undefined ? all : mentioning(all, mentions)
    })
  }

  /** Finds all places, and counts them after each step. */
  find(tree: SourceTree): { readonly places: readonly ts.Node[]; readonly counts: Count[] } {
    let places: readonly ts.Node[] = tree
    const counts = this.#steps.map(({ says, find }) => {
      places = [...new Set(places.flatMap((place) => [...find(place)]))]
      return { says, found: places.length }
    })
    return { places, counts }
  }

  #then(says: string, find: Step['find']): Anchor {
    return new Anchor([...this.#steps, { says, find }])
  }
}

/** The anchor of the whole source. */
export const anywhere = new Anchor()

export function inFunction(name: string): Anchor {
  return anywhere.inFunction(name)
}
