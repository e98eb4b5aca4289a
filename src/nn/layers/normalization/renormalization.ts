/**
 * Batch renormalization: while it trains, values are moved towards what inference would make of them, by the moving
 * statistics: y = ((x - mean)/deviation·r + d)·gamma + beta with r = deviation/renorm_stddev and
 * d = (mean - renorm_mean)/renorm_stddev, through which no gradient passes.
 * @see Ioffe 2017
 */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import { withoutGradient } from '../../../onnx/constant-value.ts'
import type { Real } from '../../../onnx/value.ts'
import { initializers } from '../../initializers/index.ts'
import { type Given, resolveNamed } from '../../named.ts'
import type { LayerContext, WeightDeclaration } from '../layer.ts'

/** Of a batch, [length of axis]; `centred` is x - mean. */
export interface Moments {
  readonly mean: Real
  readonly variance: Real
  readonly centred: Real
}

/** Limits of the corrections; a limit that is left out does not limit. */
export interface Clipping {
  readonly rmin?: number
  readonly rmax?: number
  readonly dmax?: number
}

const number = { type: 'number' }

export const ClippingArgument: TUnsafe<Clipping | null> = Type.Unsafe<Clipping | null>({
  anyOf: [
    {
      type: 'object',
      additionalProperties: false,
      properties: { rmin: number, rmax: number, dmax: { ...number, minimum: 0 } },
    },
    { type: 'null' },
  ],
  default: null,
  description: 'Limits of the corrections of renorm: rmin and rmax of the factor, dmax of the offset',
})

interface RenormConfig {
  readonly renorm: boolean
  readonly renorm_clipping: Clipping | null
  readonly renorm_momentum: number
  readonly momentum: number
  readonly epsilon: number
  readonly moving_mean_initializer: Given
  readonly moving_variance_initializer: Given
}

/** The initializer of a deviation whose variance starts as `given`; null where that is drawn by chance. */
function rootOf(given: Given): Given | null {
  const { name, value } = resolveNamed(initializers, given) as { name: string; value?: unknown } // only a constant has one
  if (name === 'zeros' || name === 'ones') return name
  const root = { name: 'constant', value: Math.sqrt(Number(value)) }
  return name === 'constant' && typeof value === 'number' && value >= 0 ? root : null
}

export function renormMisfit(config: RenormConfig): string | null {
  if (!config.renorm) return null
  const { rmin, rmax } = config.renorm_clipping ?? {}
  if (rmin !== undefined && rmax !== undefined && rmax < rmin)
    return `an rmax of at least rmin (${rmin}) instead of ${rmax}`
  if (rootOf(config.moving_variance_initializer) !== null) return null
  return 'a moving_variance_initializer of zeros, ones or one constant number where renorm is true'
}

/** The statistics beside the moving mean and variance. */
export function renormWeights(config: RenormConfig, shape: readonly number[]) {
  const state = { shape, regularizer: null, role: 'state' } as const
  const deviation = { ...state, initializer: rootOf(config.moving_variance_initializer) ?? 'ones' }
  const declared = (weight: WeightDeclaration) => (config.renorm ? weight : null)
  return {
    moving_stddev: declared(deviation),
    renorm_mean: declared({ ...state, initializer: config.moving_mean_initializer }),
    renorm_stddev: declared(deviation),
  }
}

/** before·momentum + now·(1 - momentum) */
export function moved(op: Builder, before: Real, now: Real, momentum: number): Real {
  return op.Add(op.Mul(before, op.scalar(momentum, before)), op.Mul(now, op.scalar(1 - momentum, now)))
}

interface Weights {
  readonly gamma: Real | null
  readonly beta: Real | null
  readonly moving_mean: Real
  readonly moving_stddev: Real | null
  readonly renorm_mean: Real | null
  readonly renorm_stddev: Real | null
}

interface Surrounding {
  readonly context: Pick<LayerContext, 'assign'>
  readonly spread: (weight: Real) => Real
}

/** The output of a batch; assigns the next statistics. */
export function renormalized(
  op: Builder,
  { mean, variance, centred }: Moments,
  weights: Weights,
  config: RenormConfig,
  { context, spread }: Surrounding,
): Real {
  const { gamma, beta, moving_mean } = weights
  // declared wherever `renorm` is true
  const [moving, center, scale] = [weights.moving_stddev, weights.renorm_mean, weights.renorm_stddev] as [
    Real,
    Real,
    Real,
  ]
  const epsilon = op.scalar(config.epsilon, variance)
  const deviation = op.Sqrt(op.Add(variance, epsilon))
  const { r, d } = corrections(op, { mean, deviation, center, scale }, config)
  const next = moved(op, moving, deviation, config.momentum)
  context.assign('moving_mean', moved(op, moving_mean, mean, config.momentum))
  context.assign('moving_variance', op.Relu(op.Sub(op.Mul(next, next), epsilon)))
  context.assign('moving_stddev', next)
  context.assign('renorm_mean', moved(op, center, mean, config.renorm_momentum))
  context.assign('renorm_stddev', moved(op, scale, deviation, config.renorm_momentum))
  const factor = op.Div(gamma ? op.Mul(r, gamma) : r, deviation)
  const drawn = gamma ? op.Mul(d, gamma) : d
  return op.Add(op.Mul(centred, spread(factor)), spread(beta ? op.Add(drawn, beta) : drawn))
}

/** The factor r and the offset d, within their limits. */
function corrections(
  op: Builder,
  { mean, deviation, center, scale }: { mean: Real; deviation: Real; center: Real; scale: Real },
  { renorm_clipping, epsilon }: RenormConfig,
): { r: Real; d: Real } {
  const { rmin, rmax, dmax } = renorm_clipping ?? {}
  const limit = (value: number) => op.scalar(value, mean)
  const least = op.Max([scale, limit(Math.sqrt(epsilon))])
  const ratio = op.Div(deviation, least)
  const atLeast = rmin === undefined ? ratio : op.Max([ratio, limit(rmin)])
  const r = rmax === undefined ? atLeast : op.Min([atLeast, limit(rmax)])
  const apart = op.Div(op.Sub(mean, center), least)
  const d = dmax === undefined ? apart : op.Clip(apart, limit(-dmax), limit(dmax))
  return { r: withoutGradient(op, r), d: withoutGradient(op, d) }
}
