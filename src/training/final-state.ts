/** What a training ends with: the weights, or with `use_ema` their moving average, which takes their place as in Keras. */
import { averageSlot } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import type { TrainingState } from './checkpoint.ts'

/** The state after the last step. Frozen weights have no average and stay. */
export function finalState(state: TrainingState, { use_ema }: OptimizerConfig): TrainingState {
  const averages = use_ema ? state.slots.get(averageSlot) : undefined
  return averages ? { ...state, weights: new Map([...state.weights, ...averages]) } : state
}
