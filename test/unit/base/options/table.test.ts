import { describe, expect, test, vi } from 'vitest'
import {
  boolean,
  integer,
  nonEmptyString,
  oneOf,
  string,
} from '../../../../src/base/options/checks.js'
import {
  checkOptions,
  documentedAs,
  type OptionTable,
  readOptions,
  resolveOptions,
  without,
} from '../../../../src/base/options/table.js'
import { InvalidArgumentError } from '../../../../src/base/errors.js'
import { Etcd, Session } from '../../../../src/index.js'

interface Kettle {
  readonly litres: number
  readonly colour?: 'red' | 'blue' | undefined
  readonly whistles?: boolean | undefined
  readonly owner?: string | undefined
  readonly pin?: string | undefined
}

const kettle = {
  litres: { isRequired: true, check: integer(1, 3), doc: 'full' },
  colour: { check: oneOf('red', 'blue'), default: 'red' },
  whistles: { check: boolean, default: false, defaultDoc: 'it depends' },
  owner: { check: nonEmptyString('a name') },
  pin: {
    check: string,
    isSecret: true,
    rule: (pin, { owner }) =>
      pin !== undefined && owner === undefined ? 'expected nothing without owner' : undefined,
  },
} satisfies OptionTable<Kettle>

const parameter = { example: '{ litres: 1 }' }
const resolve = (options: unknown) => resolveOptions(kettle, options, parameter)
const messageOf = (options: unknown): string => {
  try {
    resolve(options)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError)
    return (error as Error).message
  }
  throw new Error('expected a refusal, but all went well')
}

describe('a table', () => {
  test('has what the interface declares, and requires what that requires', () => {
    const { litres, ...optional } = kettle
    const wrongType = { isRequired: true, check: boolean } as const
    const notRequired = { check: integer(1, 3) }
    const wrongDefault = { check: oneOf('red'), default: 'green' } as const
    const wrong = [
      // @ts-expect-error: litres is missing
      optional satisfies OptionTable<Kettle>,
      // @ts-expect-error: an option that is not declared
      { ...kettle, lid: { check: boolean } } satisfies OptionTable<Kettle>,
      // @ts-expect-error: another type
      { ...optional, litres: wrongType } satisfies OptionTable<Kettle>,
      // @ts-expect-error: not required
      { ...optional, litres: notRequired } satisfies OptionTable<Kettle>,
      // @ts-expect-error: a default of another type
      { ...kettle, colour: wrongDefault } satisfies OptionTable<Kettle>,
    ]
    expect(wrong).toHaveLength(5)
    const { owner, colour } = resolve({ litres: 1 })
    owner satisfies string | undefined
    colour satisfies 'red' | 'blue'
    // @ts-expect-error: it may be undefined
    owner satisfies string
    expect(litres).toBe(kettle.litres)
  })

  test('gives each option its value, or its default', () => {
    expect(resolve({ litres: 2, owner: 'Ann', whistles: undefined })).toStrictEqual({
      litres: 2,
      colour: 'red',
      whistles: false,
      owner: 'Ann',
      pin: undefined,
    })
  })

  test.each([undefined, null, 5, 'litres', () => 1, [], [1]])(
    'refuses %s as options',
    (options) => {
      expect(messageOf(options)).toMatch(/^options: expected an object like \{ litres: 1 \}, got /)
    },
  )

  test('refuses a signal as options', () => {
    const { signal } = new AbortController()
    expect(messageOf(signal)).toBe('options: expected an object like { litres: 1 }, got an object')
  })

  test('names the first option that is wrong, in its own order', () => {
    expect(messageOf({ owner: '', colour: 'green', litres: 1 })).toBe(
      `colour: expected 'red' or 'blue', got "green"`,
    )
    expect(messageOf({})).toBe('litres: expected an integer from 1 to 3, got undefined')
  })

  test('names an unknown option first, because the wrong one may be wrong for its sake', () => {
    expect(messageOf({ Litres: 2 })).toBe(
      "Litres: expected a known option (did you mean 'litres'?), got a number",
    )
  })

  test('asks its rules whether or not the option is given', () => {
    expect(messageOf({ litres: 1, pin: '1234' })).toBe(
      'pin: expected nothing without owner, got a string',
    )
    expect(resolve({ litres: 1, owner: 'Ann', pin: '1234' }).pin).toBe('1234')
  })

  test.each([
    [1234, 'a number'],
    [12n, 'a bigint'],
    [Symbol('1234'), 'a symbol'],
    [['1234'], 'an array'],
    [{ pin: '1234' }, 'an object'],
    [null, 'null'],
    [true, 'true'],
  ])('does not show a secret such as %s', (pin, shown) => {
    expect(messageOf({ litres: 1, owner: 'Ann', pin })).toBe(`pin: expected a string, got ${shown}`)
  })

  test('names an option within an option by both', () => {
    const tls = { within: 'tls', example: '{ litres: 1 }' }
    const resolveTls = (options: unknown) => () => resolveOptions(kettle, options, tls)
    expect(resolveTls(5)).toThrow('tls: expected an object like { litres: 1 }, got 5')
    expect(resolveTls({ litres: 9 })).toThrow('tls.litres: expected')
    expect(resolveTls({ liters: 1 })).toThrow(
      "tls.liters: expected a known option (did you mean 'tls.litres'?)",
    )
  })

  test('names the parameter', () => {
    const where = { ...parameter, name: 'where' }
    expect(() => resolveOptions(kettle, 5, where)).toThrow('where: expected an object like')
  })
})

describe('an unknown option', () => {
  const of = (options: object): string => messageOf({ litres: 1, ...options })

  test('is named, and so are all known ones when none is near', () => {
    expect(of({ steam: true })).toBe(
      'steam: expected a known option (litres, colour, whistles, owner or pin), got true',
    )
  })

  test('is one also when it is undefined', () => {
    expect(of({ color: undefined })).toBe(
      "color: expected a known option (did you mean 'colour'?), got undefined",
    )
  })

  test.each([
    ['hunter2', 'a string'],
    [1234, 'a number'],
    [1234n, 'a bigint'],
    [Symbol('hunter2'), 'a symbol'],
    [['hunter2'], 'an array'],
    [{ pin: 'hunter2' }, 'an object'],
    [() => 'hunter2', 'a function'],
    [false, 'false'],
    [null, 'null'],
  ])('does not show its value, which may be a secret: %s', (value, shown) => {
    expect(of({ pim: value })).toBe(
      `pim: expected a known option (did you mean 'pin'?), got ${shown}`,
    )
  })

  test.each([
    ['lit\nres', '"lit\\nres"'],
    ['', '""'],
    ['x'.repeat(100), `"${'x'.repeat(60)}"… (100 characters)`],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', 'toString'],
  ])('named %j stands in the message as %s', (key, shown) => {
    const options = Object.defineProperty({ litres: 1 }, key, { value: true, enumerable: true })
    expect(messageOf(options).startsWith(`${shown}: expected a known option (`)).toBe(true)
  })
})

describe('options may be', () => {
  test('an object without a prototype', () => {
    const options = Object.assign(Object.create(null) as object, { litres: 2 })
    expect(resolve(options).litres).toBe(2)
    expect(messageOf(Object.assign(options, { litters: 2 }))).toMatch(/^litters: /)
  })

  test('an instance of a class, with getters, methods and private parts', () => {
    class Config {
      readonly #litres = 2
      get litres(): number {
        return this.#litres
      }
      get colour(): string {
        return 'blue'
      }
      get unrelated(): never {
        throw new Error('read')
      }
      method(): void {
        // Not an option either.
      }
    }
    expect(resolve(new Config())).toMatchObject({ litres: 2, colour: 'blue' })
  })

  test('an instance with a field that is no option, which is unknown', () => {
    class Config {
      litres = 2
      environment = 'test'
    }
    expect(messageOf(new Config())).toMatch(/^environment: expected a known option/)
  })

  test('made from defaults: what is inherited counts, unless it is unknown', () => {
    const defaults = { litres: 3, unrelated: true }
    expect(resolve(Object.create(defaults)).litres).toBe(3)
    expect(resolve(Object.assign(Object.create(defaults) as object, { litres: 1 })).litres).toBe(1)
  })

  test('marked by symbols and by properties that are not enumerable', () => {
    const options = { litres: 1, [Symbol('mark')]: true }
    Object.defineProperty(options, 'hidden', { value: true })
    expect(resolve(options).litres).toBe(1)
  })

  test('frozen, or another realm’s', () => {
    expect(resolve(Object.freeze({ litres: 1 })).litres).toBe(1)
  })

  test('a proxy, whose answers are used as they were when they were checked', () => {
    const get = vi.fn((target: object, key: string) => Reflect.get(target, key) as unknown)
    let litres = 0
    const target = {
      get litres() {
        return ++litres
      },
    }
    const options = new Proxy(target, { get })
    expect(resolve(options).litres).toBe(1)
    expect(get.mock.calls.map(([, key]) => key)).toEqual(Object.keys(kettle))
  })

  test('a proxy that has an answer to everything', () => {
    const options = new Proxy({}, { get: () => 1 })
    expect(messageOf(options)).toBe("colour: expected 'red' or 'blue', got 1")
  })

  test('shared: nothing is written to them', () => {
    const options = Object.freeze({ litres: 1 })
    resolve(options)
    expect(options).toStrictEqual({ litres: 1 })
  })
})

test('options of the library can be a class instance with getters', async () => {
  class Config {
    get endpoints(): string[] {
      return ['http://etcd:2379']
    }
    get ttl(): number {
      return 7
    }
  }
  const etcd = new Etcd(new Config())
  expect(new Session(etcd, new Config()).ttl).toBe(7)
  await etcd.close()
  await Etcd.fromEnv(new Config()).close()
})

describe('options can be read first and checked later', () => {
  test('in part', () => {
    const given = readOptions(kettle, { litres: 9, owner: 5, colour: 'blue' }, parameter)
    expect(given).toEqual({ litres: 9, owner: 5, colour: 'blue', whistles: undefined })
    const some = without(kettle, 'litres', 'owner')
    expect(Object.keys(some)).toEqual(['colour', 'whistles', 'pin'])
    expect(checkOptions(some, { colour: given.colour })).toEqual({
      colour: 'blue',
      whistles: false,
    })
  })
})

test('a table can be documented in other words', () => {
  const other = documentedAs('as for a kettle', kettle)
  expect(Object.values(other).map(({ doc }) => doc)).toEqual(Array(5).fill('as for a kettle'))
  expect(other.litres.check).toBe(kettle.litres.check)
  expect(kettle.litres.doc).toBe('full')
})
