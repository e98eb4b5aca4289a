/**
 * Dropout inside of recurrent layers, with masks as Keras 3.15 draws them: once for a sequence, the same at all steps. An
 * LSTM or GRU with a recurrent dropout draws for each gate, of the inputs as of the state (keras/src/layers/rnn/lstm.py lines
 * 136-139 and 234-271, gru.py 134-137 and 196-245: `implementation` becomes 1, `dropout_mask_count` the number of gates);
 * otherwise one mask of the inputs serves all gates (lstm.py 272-275). A SimpleRNN draws one each (simple_rnn.py 156-166).
 */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import type { CallContext } from '../layer.ts'
import type { Cell, CellConfig } from './cell.ts'

export interface Dropouts extends CallContext {
  /** Names the random numbers. */
  readonly purpose: string
  readonly dropout: number
  readonly recurrent_dropout: number
}

type Dropping = Pick<Cell<CellConfig>, 'gates' | 'gatesDropApart'>

/** What the inputs [time, batch, features] are multiplied with: one mask, or one for each gate; none where all are kept. */
export function keptInputs(op: Builder, cell: Dropping, x: Real, run: Dropouts): Real[] {
  if (!isDropping(cell, run.dropout, run)) return []
  const first = op.Squeeze(op.Slice(x, op.ints([0]), op.ints([1]), op.ints([0]), null), op.ints([0]))
  return draw(op, cell, first, run.dropout, run, 'input')
}

/** What the state [batch, units] is multiplied with before its products, as `keptInputs`. */
export function keptStates(op: Builder, cell: Dropping, state: Real, run: Dropouts): Real[] {
  return isDropping(cell, run.recurrent_dropout, run) ? draw(op, cell, state, run.recurrent_dropout, run, 'state') : []
}

/** A rate of 1 drops nothing in Keras' LSTM and GRU, which ask for 0 < rate < 1, and everything in its SimpleRNN. */
function isDropping({ gatesDropApart }: Dropping, rate: number, { training }: Dropouts): boolean {
  return training && rate > 0 && (rate < 1 || !gatesDropApart)
}

function draw(op: Builder, cell: Dropping, like: Real, rate: number, run: Dropouts, what: string): Real[] {
  const { uniform, purpose, recurrent_dropout } = run
  const apart = cell.gatesDropApart && recurrent_dropout > 0
  const names = apart ? Array.from({ length: cell.gates }, (_, gate) => `${what} ${gate}`) : [what]
  return names.map((name) => keptOf(op, uniform(like, `${purpose} ${name}`), rate))
}

/** 1 / (1 - rate) where a value is kept, else 0. */
function keptOf(op: Builder, draws: Real, rate: number): Real {
  const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(rate, draws)), { to: draws.type })
  return op.Mul(kept, op.scalar(rate === 1 ? 0 : 1 / (1 - rate), kept))
}
