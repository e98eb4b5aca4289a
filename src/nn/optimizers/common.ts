/** What every optimizer takes beside its own arguments, as Keras' base class has it: clipping, decay, averages, accumulation. */
import { type TUnsafe, Type } from 'typebox'
import { Switch } from '../strict.ts'

const optional = (limits: object, description: string): TUnsafe<number | null> =>
  Type.Unsafe<number | null>({ ...limits, default: null, description })
const positive = (description: string) => optional({ type: ['number', 'null'], exclusiveMinimum: 0 }, description)
const count = (minimum: number, description: string) =>
  optional({ type: ['integer', 'null'], minimum, maximum: 2 ** 31 - 1 }, description)

/** The arguments, to be spread into an optimizer's own. */
export const commonArguments = {
  weight_decay: optional(
    { type: ['number', 'null'], minimum: 0 },
    'Decoupled: before each update every weight shrinks by learning_rate * weight_decay of itself',
  ),
  clipnorm: positive("The longest gradient of one weight; a longer one is scaled down. Each weight's own norm"),
  clipvalue: positive('The largest number in a gradient, either sign; larger ones are cut'),
  global_clipnorm: positive('The longest gradient of all weights together; a longer one is scaled down'),
  use_ema: Switch(false, 'Keep a moving average of the weights, and put it in their place at the end'),
  ema_momentum: Type.Number({ minimum: 0, maximum: 1, default: 0.99 }),
  ema_overwrite_frequency: count(1, 'Put the average in place of the weights after every so many updates, too'),
  gradient_accumulation_steps: count(2, 'Update once for so many batches, by the mean of their gradients'),
}

export interface CommonConfig {
  readonly weight_decay: number | null
  readonly clipnorm: number | null
  readonly clipvalue: number | null
  readonly global_clipnorm: number | null
  readonly use_ema: boolean
  readonly ema_momentum: number
  readonly ema_overwrite_frequency: number | null
  readonly gradient_accumulation_steps: number | null
}

/** What is wrong with arguments that are each right alone; null where they go together. */
export function commonMisfit(config: CommonConfig): string | null {
  const clipping = (['clipnorm', 'clipvalue', 'global_clipnorm'] as const).filter((name) => config[name] !== null)
  if (clipping.length < 2) return null
  return `${clipping.join(' and ')} are given; at most one of clipnorm, clipvalue and global_clipnorm can be.`
}
