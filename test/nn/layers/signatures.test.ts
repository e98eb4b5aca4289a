/** Arguments, defaults and names against Keras' own (make_signatures.py): what is left out stands here by name. */
import type { TUnsafe } from 'typebox'
import { expect, test } from 'vitest'
import { activations } from '../../../src/nn/activations.ts'
import { constraints } from '../../../src/nn/constraints/index.ts'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { initializers } from '../../../src/nn/initializers/index.ts'
import { layers } from '../../../src/nn/layers/index.ts'
import { type NamedConfig, type NamedTable, resolveNamed } from '../../../src/nn/named.ts'
import { regularizers } from '../../../src/nn/regularizers/index.ts'
import { propertiesOf } from '../../../src/nn/strict.ts'
import { kerasFixture } from '../../support/keras.ts'

type Arguments = Readonly<Record<string, unknown>>

interface Signatures {
  readonly layers: Readonly<Record<string, Arguments>>
  readonly activations: readonly string[]
  readonly initializers: readonly string[]
  readonly regularizers: readonly string[]
  readonly constraints: readonly string[]
}

const keras = kerasFixture<Signatures>('signatures.json')

/** How Keras computes and not what, or what its base classes hand on: no argument of a definition. */
const passedOver = /^(rank|pool_dimensions|pool_mode|cell|unroll|use_cudnn|stateful)$/

/** What a layer inherits and refuses itself, or its inner layer has. */
const notOwn: Readonly<Record<string, string>> = { AdditiveAttention: 'score_mode', Bidirectional: 'weights' }

const inBoth = Object.entries(layers).filter(([type]) => Object.hasOwn(keras.layers, type))

test('all layers but Input and Shared are layers of Keras', () => {
  const own = Object.keys(layers).filter((type) => !Object.hasOwn(keras.layers, type))
  expect(own).toEqual(['Input', 'Shared'])
})

/** One spelling of a default: Keras says `uniform`, `Zeros`. */
function canonical(argument: string, value: unknown): unknown {
  if (argument.endsWith('_initializer')) return resolveNamed(initializers, value as string).name
  return value
}

test.each(inBoth)("%s has Keras' arguments and defaults", (type, { config }) => {
  const known = propertiesOf(config)
  for (const [argument, value] of Object.entries(keras.layers[type] ?? {})) {
    if (passedOver.test(argument) || argument === notOwn[type]) continue
    expect(Object.keys(known), argument).toContain(argument)
    const property = known[argument]
    // an argument that says nothing where it is left out is not told back
    const fallback = property && 'default' in property ? property.default : value === null ? null : 'required'
    expect(canonical(argument, fallback), argument).toEqual(canonical(argument, value))
  }
})

test('activations are those of Keras, but for threshold, which has no defaults', () => {
  expect(keras.activations.filter((name) => !Object.hasOwn(activations, name))).toEqual(['threshold'])
})

type Table = NamedTable<{ readonly config: TUnsafe<NamedConfig> }>

test.each<readonly [kind: 'initializers' | 'regularizers' | 'constraints', Table, leftOut: readonly string[]]>([
  ['initializers', initializers, ['Initializer', 'STFT', 'STFTInitializer', 'stft']],
  ['regularizers', regularizers, ['Regularizer']],
  ['constraints', constraints, ['Constraint']],
])("%s take Keras' names", (kind, table, leftOut) => {
  const unknown = keras[kind].filter((name) => {
    try {
      return resolveNamed(table, name).name === ''
    } catch {
      return true
    }
  })
  expect(unknown).toEqual(leftOut)
})

test.each([
  [{ type: 'Dense', units: 1, lora_rank: 4 }, 'layers[0].lora_rank must be null, received 4; train the layer itself'],
  [{ type: 'Embedding', input_dim: 2, output_dim: 1, weights: [[1]] }, 'embeddings_initializer { "name": "constant"'],
  [{ type: 'UpSampling2D', interpolation: 'area' }, 'must be one of nearest, bilinear, bicubic, lanczos3, lanczos5'],
])('%j says what to use instead', (layer, detail) => {
  expect(() => parseDefinition({ layers: [layer] })).toThrow(detail)
})
