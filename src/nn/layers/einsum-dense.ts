/** EinsumDense: a product with a kernel along any axes, written as an equation. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { PositiveInteger } from '../strict.ts'
import { ActivationArgument, LeftOut, loraArguments, QuantizationArgument, RegularizerArgument } from './arguments.ts'
import { defineLayer, layerConfig } from './layer.ts'
import { declareWeight, weightArguments } from './weight-arguments.ts'

type Lengths = number | readonly (number | null)[]

const length = { anyOf: [PositiveInteger, { type: 'null' }] }

const OutputShapeArgument: TUnsafe<Lengths> = Type.Unsafe<Lengths>({
  anyOf: [PositiveInteger, { type: 'array', items: length, minItems: 1, maxItems: 8 }],
  description: 'The lengths of the output without the batch; null where the input tells',
})

/** An equation with its axes spelt out, one letter each; the first of input and output is the batch. */
interface Equation {
  readonly input: readonly string[]
  readonly kernel: readonly string[]
  readonly output: readonly string[]
}

const spare = 'ABCDEFGH'

/** The equation for inputs of `rank` axes, batch included, `...` replaced by letters of its own; null where it cannot be read. */
function readEquation(text: string, rank: number): Equation | null {
  const parts = /^((?:\.\.\.)?[a-z]+|[a-z]+\.\.\.),([a-z]+)->((?:\.\.\.)?[a-z]*|[a-z]*\.\.\.)$/.exec(
    text.replaceAll(' ', ''),
  )
  if (!parts) return null
  const [, input = '', kernel = '', output = ''] = parts
  if (input.includes('...') !== output.includes('...')) return null
  const rest = spare.slice(0, Math.max(0, rank - input.replace('...', '').length))
  const spelt = (side: string) => [...side.replace('...', rest)]
  const equation = { input: spelt(input), kernel: [...kernel], output: spelt(output) }
  return equation.input.length === rank && isDense(equation) ? equation : null
}

/** Whether each letter stands once on a side, every output axis is of the input or the kernel alone, and none is only summed. */
function isDense({ input, kernel, output }: Equation): boolean {
  const once = [input, kernel, output].every((side) => new Set(side).size === side.length)
  const inBoth = input.filter((axis) => kernel.includes(axis))
  const apart = output.every((axis) => input.includes(axis) !== kernel.includes(axis))
  const all = [...input, ...kernel].every((axis) => inBoth.includes(axis) || output.includes(axis))
  return once && apart && all && inBoth.length > 0 && output[0] === input[0]
}

/** The axes that output_shape is about: not the batch, nor those that `...` stands for. */
const namedAxes = ({ output }: Equation) => output.slice(1).filter((axis) => !spare.includes(axis))

const listedLengths = (given: Lengths) => (typeof given === 'number' ? [given] : given)

/** The length of each letter: those of the input as it is, others as output_shape says. */
function lengthsOf(equation: Equation, inputShape: readonly number[], given: Lengths): Map<string, number> {
  const lengths = new Map(equation.input.slice(1).map((axis, i) => [axis, inputShape[i] ?? 1]))
  const listed = listedLengths(given)
  for (const [i, axis] of namedAxes(equation).entries()) {
    const told = listed[i] ?? null
    if (told !== null && !lengths.has(axis)) lengths.set(axis, told)
  }
  return lengths
}

interface Config {
  readonly equation: string
  readonly output_shape: Lengths
  readonly bias_axes: string | null
}

function equationOf({ equation }: Pick<Config, 'equation'>, inputShape: readonly number[]): Equation {
  const read = readEquation(equation, inputShape.length + 1)
  if (!read) throw new Error(`the equation ${equation} was not checked`)
  return read
}

const shapeOf = (axes: readonly string[], lengths: ReadonlyMap<string, number>) =>
  axes.map((axis) => lengths.get(axis) ?? 1)

function equationMisfit(config: Config, inputShape: readonly number[]): string | null {
  const { equation, output_shape, bias_axes } = config
  const read = readEquation(equation, inputShape.length + 1)
  const form =
    'as "abc,cd->abd" or "...x,xy->...y": the batch first, summed axes in both, every other axis in the output'
  if (!read) return `an equation for ${inputShape.length + 1} axes instead of ${JSON.stringify(equation)}, ${form}`
  const listed = listedLengths(output_shape)
  const lengths = lengthsOf(read, inputShape, output_shape)
  const named = namedAxes(read)
  const fits =
    listed.length === named.length &&
    named.every((axis, i) => lengths.has(axis) && (listed[i] === null || lengths.get(axis) === listed[i]))
  if (!fits) return `an output_shape that fits ${JSON.stringify(equation)} instead of ${JSON.stringify(output_shape)}`
  const known = [...(bias_axes ?? '')].every((axis) => read.output.slice(1).includes(axis))
  return known ? null : `bias_axes of the output's axes instead of ${JSON.stringify(bias_axes)}`
}

/**
 * y = activation(einsum(equation, x, kernel) + bias), the bias along `bias_axes`. Shapes: as the equation says, "abc,cd->abd":
 * [batch, b, c] → [batch, b, d]; `...` stands for the axes that are left. Kernel [as the equation says], Glorot uniform; bias
 * zeros.
 * @throws {Problem} shape_mismatch where equation, output_shape and input do not fit each other
 * @see https://keras.io/api/layers/core_layers/einsum_dense/
 */
export const EinsumDense = defineLayer({
  config: layerConfig(
    'EinsumDense',
    {
      equation: Type.String({ minLength: 1, maxLength: 64, examples: ['abc,cd->abd'] }),
      output_shape: OutputShapeArgument,
      activation: ActivationArgument,
      bias_axes: Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 8, default: null }),
      ...weightArguments('kernel', 'glorot_uniform'),
      ...weightArguments('bias', 'zeros'),
      activity_regularizer: RegularizerArgument,
      gptq_unpacked_column_size: LeftOut('weights are float32 here; quantize the exported model'),
      ...loraArguments,
      quantization_config: QuantizationArgument,
    },
    'A product with a kernel along any axes, written as an equation',
  ),
  misfit: (config, inputShape) => equationMisfit(config, inputShape),
  weights: (config, inputShape) => {
    const equation = equationOf(config, inputShape)
    const lengths = lengthsOf(equation, inputShape, config.output_shape)
    return {
      kernel: declareWeight(config, 'kernel', shapeOf(equation.kernel, lengths)),
      bias: config.bias_axes ? declareWeight(config, 'bias', biasShape(equation, lengths, config.bias_axes)) : null,
    }
  },
  activation: ({ activation }) => activation ?? 'linear',
  call: (op, x, { kernel, bias }, config) => {
    const y = product(op, x, kernel, equationOf(config, x.shape.slice(1).map(Number)))
    return bias ? op.Add(y, bias) : y
  },
})

/** The lengths along `bias_axes` and those behind the first of them, where other axes have length 1. */
function biasShape({ output }: Equation, lengths: ReadonlyMap<string, number>, axes: string): number[] {
  const first = Math.min(...[...axes].map((axis) => output.indexOf(axis)))
  return output.slice(first).map((axis) => (axes.includes(axis) ? (lengths.get(axis) ?? 1) : 1))
}

/** One product of matrices: [batch and what else stays, summed]·[summed, new], its axes then in their order. */
function product(op: Builder, x: Real, kernel: Real, { input, kernel: of, output }: Equation): Real {
  const summed = input.filter((axis) => of.includes(axis))
  const stays = input.filter((axis) => !summed.includes(axis))
  const fresh = of.filter((axis) => !summed.includes(axis))
  const lengths = (axes: readonly string[], all: readonly string[], from: Real) =>
    axes.map((axis) => Number(from.shape[all.indexOf(axis)]))
  const width = (axes: readonly string[]) => lengths(axes, of, kernel).reduce((all, one) => all * one, 1)
  const left = turned(
    op,
    x,
    [...stays, ...summed].map((axis) => input.indexOf(axis)),
  )
  const right = turned(
    op,
    kernel,
    [...summed, ...fresh].map((axis) => of.indexOf(axis)),
  )
  const flat = op.MatMul(
    op.Reshape(left, op.ints([...stays.map(() => 0), width(summed)])),
    op.Reshape(right, op.ints([width(summed), width(fresh)])),
  )
  const made = [...stays, ...fresh]
  const parted = op.Reshape(flat, op.ints([...stays.map(() => 0), ...lengths(fresh, of, kernel)]))
  return turned(
    op,
    parted,
    output.map((axis) => made.indexOf(axis)),
  )
}

function turned(op: Builder, x: Real, perm: readonly number[]): Real {
  return perm.every((axis, i) => axis === i) ? x : op.Transpose(x, { perm })
}
