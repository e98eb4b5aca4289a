/** What the normalizations share: a learned scale and offset. */
import { Type } from 'typebox'
import { NonNegative, Switch } from '../../strict.ts'
import { declareWeight, type WeightConfig, weightArguments } from '../weight-arguments.ts'

/** Added to a variance before its root is taken. */
export const Epsilon = Type.Number({ ...NonNegative, default: 1e-3 })

export const scaleAndCenter = {
  center: Switch(true, 'Adds an offset, beta'),
  scale: Switch(true, 'Multiplies with a factor, gamma'),
  ...weightArguments('beta', 'zeros'),
  ...weightArguments('gamma', 'ones'),
}

type ScaleAndCenter = WeightConfig<'beta' | 'gamma'> & {
  readonly center: boolean
  readonly scale: boolean
}

/** gamma, then beta, of the lengths of the normalized axes. */
export function scaleAndCenterWeights(config: ScaleAndCenter, shape: readonly number[]) {
  return {
    gamma: config.scale ? declareWeight(config, 'gamma', shape) : null,
    beta: config.center ? declareWeight(config, 'beta', shape) : null,
  }
}
