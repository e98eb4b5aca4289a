/** Shape rules of the operators that work element by element, broadcasting where there are several inputs. */
import { broadcastShapes, multiplyDims, type Shape } from '../dims.ts'
import type { ElementType } from '../tensor.ts'
import type { Value } from '../value.ts'
import { misfit, need, type RuleArguments, type ShapeRule, sameType } from './rule.ts'

const same: ShapeRule = (node) => {
  const { type, shape, contents } = need(node, 0)
  return [{ type, shape, contents }]
}

const mapped: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  return [{ type, shape }]
}

const test: ShapeRule = (node) => [{ type: 'bool', shape: need(node, 0).shape }]

function broadcastAll(values: readonly Value[]): Shape {
  return values
    .map((value) => value.shape)
    .reduce((a, b) => {
      const shape = broadcastShapes(a, b)
      if (!shape) throw misfit('shapes do not broadcast', a, b)
      return shape
    })
}

const given = ({ inputs }: RuleArguments) => inputs.filter((input) => input !== null)

/** All inputs of one element type, broadcast together. */
const broadcast: ShapeRule = (node) => {
  const first = need(node, 0)
  const values = given(node)
  for (const value of values) sameType(first, value)
  return [{ type: first.type, shape: broadcastAll(values) }]
}

/** A product; of integer vectors whose elements are known, the elements of the result are known too (sizes of shapes). */
const multiply: ShapeRule = (node) => {
  const [result] = broadcast(node)
  const [a, b] = [need(node, 0).contents, need(node, 1).contents]
  if (!result || a?.length !== 1 || b?.length !== 1) return result ? [result] : []
  return [{ ...result, contents: [multiplyDims([...a, ...b])] }]
}

/** Two inputs compared. */
const compare: ShapeRule = (node) => {
  sameType(need(node, 0), need(node, 1))
  return [{ type: 'bool', shape: broadcastAll(given(node)) }]
}

const cast: ShapeRule = (node) => {
  const { shape, contents } = need(node, 0)
  const to = node.attributes.to as ElementType
  return [{ type: to, shape, contents: to === 'int64' ? contents : null }]
}

const power: ShapeRule = (node) => [{ type: need(node, 0).type, shape: broadcastAll(given(node)) }]

const where: ShapeRule = (node) => {
  const [condition, x, y] = [need(node, 0), need(node, 1), need(node, 2)]
  if (condition.type !== 'bool') throw new Error(`the condition is bool, received ${condition.type}`)
  sameType(x, y)
  return [{ type: x.type, shape: broadcastAll([condition, x, y]) }]
}

/** `Clip` and `PRelu`: the shape of the first input, whatever broadcasts into it. */
const intoFirst: ShapeRule = (node) => {
  const first = need(node, 0)
  for (const value of given(node)) sameType(first, value)
  return [{ type: first.type, shape: first.shape }]
}

const dropout: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  return [
    { type, shape },
    { type: 'bool', shape },
  ]
}

export const elementwiseShapes = {
  Neg: mapped,
  Abs: mapped,
  Sign: mapped,
  Exp: mapped,
  Log: mapped,
  Sqrt: mapped,
  Reciprocal: mapped,
  Floor: mapped,
  Ceil: mapped,
  Round: mapped,
  Sin: mapped,
  Cos: mapped,
  Erf: mapped,
  Identity: same,
  Cast: cast,
  Not: test,
  IsNaN: test,
  IsInf: test,
  Relu: mapped,
  LeakyRelu: mapped,
  PRelu: intoFirst,
  Elu: mapped,
  Selu: mapped,
  Sigmoid: mapped,
  HardSigmoid: mapped,
  Tanh: mapped,
  Softplus: mapped,
  Softsign: mapped,
  Softmax: mapped,
  LogSoftmax: mapped,
  Clip: intoFirst,
  Add: broadcast,
  Sub: broadcast,
  Mul: multiply,
  Div: broadcast,
  Pow: power,
  Mod: broadcast,
  Max: broadcast,
  Min: broadcast,
  Sum: broadcast,
  Where: where,
  Equal: compare,
  Greater: compare,
  GreaterOrEqual: compare,
  Less: compare,
  LessOrEqual: compare,
  And: compare,
  Or: compare,
  BitShift: broadcast,
  BitwiseXor: broadcast,
  BitwiseAnd: broadcast,
  Dropout: dropout,
} satisfies Record<string, ShapeRule>
