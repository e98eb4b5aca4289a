/**
 * Things that a request names: a loss, an optimizer, an initializer, … Each is a name (all defaults) or an object with
 * `name` and its arguments, and each kind has one table. Here is what those tables share.
 */
import { type TUnsafe, Type } from 'typebox'
import { fillDefaults } from './strict.ts'

/** A thing with its arguments, every default filled in. */
export interface NamedConfig {
  readonly name: string
}

/** A thing as a request gives it. */
export type Given = string | NamedConfig

/** What a table of named things holds at least. */
interface Named {
  readonly config: TUnsafe<NamedConfig>
}

export type NamedTable<T extends Named> = Readonly<Record<string, T>>

/** The schema of `name`: the table's own name, and the short ones that mean the same. */
export function NameOf<const N extends string>(name: N, ...aliases: readonly string[]): TUnsafe<N> {
  return aliases.length === 0 ? Type.Unsafe<N>({ const: name }) : Type.Unsafe<N>({ enum: [name, ...aliases] })
}

function spellings({ config }: Named): readonly string[] {
  const { name } = (config as unknown as { properties: { name: { const?: string; enum?: string[] } } }).properties
  return name.enum ?? [name.const ?? '']
}

/**
 * The schema of a reference into a table: a name, an object with `name`, and null where there may be none.
 * The object form is a discriminated union, so that a mistake gives its own error and nothing else.
 */
export function referenceTo<T extends Named>(things: NamedTable<T>, fallback?: Given): TUnsafe<Given> {
  return Type.Unsafe<Given>({ anyOf: branchesOf(things), ...(fallback === undefined ? {} : { default: fallback }) })
}

/** As `referenceTo`, where there may be none: null, which is the default. */
export function optionalReferenceTo<T extends Named>(things: NamedTable<T>): TUnsafe<Given | null> {
  return Type.Unsafe<Given | null>({ anyOf: [...branchesOf(things), { type: 'null' }], default: null })
}

/** As `optionalReferenceTo`, where nothing is told back if it is left out. */
export function maybeReferenceTo<T extends Named>(things: NamedTable<T>) {
  return Type.Optional(Type.Unsafe<Given | null>({ anyOf: [...branchesOf(things), { type: 'null' }] }))
}

function branchesOf<T extends Named>(things: NamedTable<T>): object[] {
  const entries = Object.values(things)
  return [
    { type: 'string', enum: entries.flatMap(spellings) },
    {
      type: 'object',
      discriminator: { propertyName: 'name' },
      required: ['name'],
      oneOf: entries.map(({ config }) => config),
    },
  ]
}

/**
 * The arguments of a thing with every default filled in and `name` the table's own.
 * @throws {Error} where the table has no such thing: the schema comes first
 */
export function resolveNamed<T extends Named>(things: NamedTable<T>, given: Given): NamedConfig {
  const { name, ...rest } = typeof given === 'string' ? { name: given } : given
  const found = Object.entries(things).find(([, thing]) => spellings(thing).includes(name))
  if (!found) throw new Error(`nothing is named ${name}; known are ${Object.keys(things).join(', ')}`)
  const [canonical, { config }] = found
  return fillDefaults(config, { ...rest, name: canonical })
}

/** The table's entry for resolved arguments. */
export function entryOf<T extends Named>(things: NamedTable<T>, { name }: NamedConfig): T {
  const thing = Object.hasOwn(things, name) ? things[name] : undefined
  if (!thing) throw new Error(`nothing is named ${name}; known are ${Object.keys(things).join(', ')}`)
  return thing
}
