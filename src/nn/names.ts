/** Names of layers: those given, and Keras' automatic ones (`dense`, `dense_1`), which give way to the given. */

/** `MaxPooling2D` → `max_pooling2d`, as Keras. */
export function toSnakeCase(className: string): string {
  return className
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

/** Keras names the layer of an `Input` after its class, `InputLayer`. */
const baseOf = (type: string) => (type === 'Input' ? 'input_layer' : toSnakeCase(type))

/** The name of each layer, in order. */
export function nameLayers(layers: readonly { readonly type: string; readonly name?: string }[]): string[] {
  const given = new Set(layers.flatMap(({ name }) => (name === undefined ? [] : [name])))
  const counts = new Map<string, number>()
  return layers.map(({ type, name }) => {
    if (name !== undefined) return name
    const base = baseOf(type)
    let count = counts.get(base) ?? 0
    let automatic = count === 0 ? base : `${base}_${count}`
    while (given.has(automatic)) automatic = `${base}_${++count}`
    counts.set(base, count + 1)
    return automatic
  })
}
