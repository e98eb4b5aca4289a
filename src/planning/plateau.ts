/** `reduce_lr_on_plateau` of a training request: its form, its defaults (Keras'), and what it needs of the training. */
import { type Static, Type } from 'typebox'
import { bodyProblem } from '../errors.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type Mode, modeOf } from './monitors.ts'

export const ReduceLrOnPlateau = Type.Object(
  {
    monitor: Type.Optional(Type.String({ description: 'A key of the history; default: val_loss, else loss' })),
    factor: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.1 })),
    patience: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 10 })),
    min_delta: Type.Optional(Type.Number({ minimum: 0, default: 0.0001 })),
    cooldown: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
    min_lr: Type.Optional(Type.Number({ minimum: 0, default: 0 })),
    mode: Type.Optional(
      Type.Unsafe<'auto' | Mode>({
        ...{ type: 'string', enum: ['auto', 'min', 'max'], default: 'auto' },
        description: 'Whether less or more of it is better; auto: as the metric says',
      }),
    ),
  },
  { additionalProperties: false, description: 'Lowers the learning rate when a number stops getting better' },
)
type ReduceLrOnPlateau = Static<typeof ReduceLrOnPlateau>

export type ResolvedPlateau = Required<ReduceLrOnPlateau> & { readonly mode: Mode }

/**
 * Every default told back, the direction with them; null where it is not asked for.
 * @throws {Problem} invalid_training for a number that the training does not have, or beside a schedule
 */
export function planPlateau(
  given: ReduceLrOnPlateau | null | undefined,
  { learning_rate }: OptimizerConfig,
  known: ReadonlyMap<string, Mode>,
): ResolvedPlateau | null {
  if (!given) return null
  if (typeof learning_rate !== 'number') {
    const detail = `reduce_lr_on_plateau: optimizer.learning_rate follows ${learning_rate.name} already; give a number there, or leave reduce_lr_on_plateau out.`
    throw bodyProblem('invalid_training', '/reduce_lr_on_plateau', detail)
  }
  const { monitor = known.has('val_loss') ? 'val_loss' : 'loss', mode = 'auto' } = given
  const direction = modeOf(monitor, known, '/reduce_lr_on_plateau/monitor')
  const { factor = 0.1, patience = 10, min_delta = 0.0001, cooldown = 0, min_lr = 0 } = given
  return { monitor, factor, patience, min_delta, cooldown, min_lr, mode: mode === 'auto' ? direction : mode }
}
