/** The coefficient of determination: the share of the truth's variance that the prediction explains. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineMetric, truthAt } from './metric.ts'

/** Moments of each unit, moved on row by row (Welford), so that large means lose no digits. */
interface R2State {
  rows: number
  mean: number[]
  /** Σ(yTrue - mean)² */
  total: number[]
  /** Σ(yTrue - yPred)² */
  residual: number[]
}

/**
 * 1 - Σ(yTrue - yPred)² / Σ(yTrue - mean)², the mean over the units. Where the truth does not vary: 1 if all is right,
 * else 0; NaN below two rows (as scikit-learn).
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.r2_score.html
 */
export const r2 = defineMetric({
  config: Strict({ name: NameOf('r2_score', 'r2') }),
  direction: 'up',
  fits: ({ targetKind }) =>
    targetKind === 'class_index' || targetKind === 'one_hot'
      ? 'r2 is for targets that are numbers: use accuracy or log_loss'
      : null,
  init: (_config, { units }): R2State => {
    const zeros = () => new Array<number>(units).fill(0)
    return { rows: 0, mean: zeros(), total: zeros(), residual: zeros() }
  },
  update: (state, rows, _config, context) => {
    const { mean, total, residual } = state
    for (let row = 0; row < rows.rows; row++) {
      state.rows++
      for (let unit = 0; unit < context.units; unit++) {
        const truth = truthAt(rows, row, unit, context)
        const before = truth - (mean[unit] ?? 0)
        const after = (mean[unit] ?? 0) + before / state.rows
        mean[unit] = after
        total[unit] = (total[unit] ?? 0) + before * (truth - after)
        residual[unit] = (residual[unit] ?? 0) + (truth - (rows.yPred[row * context.units + unit] ?? 0)) ** 2
      }
    }
  },
  result: ({ rows, total, residual }) => {
    if (rows < 2) return Number.NaN
    const scores = total.map((all, unit) => {
      const left = residual[unit] ?? 0
      return all > 0 ? 1 - left / all : left === 0 ? 1 : 0
    })
    return scores.reduce((sum, score) => sum + score, 0) / scores.length
  },
})
