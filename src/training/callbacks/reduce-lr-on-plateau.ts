/** Lowers the learning rate when a number of the history has stopped getting better (Keras' ReduceLROnPlateau). */

export interface PlateauSettings {
  /** The key in the history that is watched. */
  readonly monitor: string
  /** Whether less or more of it is better. */
  readonly mode: 'min' | 'max'
  /** What the rate is multiplied by; below 1. */
  readonly factor: number
  /** Epochs without gain before the rate is lowered. */
  readonly patience: number
  /** How much a gain has to be; an equal value is none. */
  readonly min_delta: number
  /** Epochs after a lowering that count neither way. */
  readonly cooldown: number
  readonly min_lr: number
}

/** Where it stands after an epoch; kept with the training's position, so that a resumed training goes on alike. */
export interface PlateauState {
  readonly learning_rate: number
  readonly best: number | null
  readonly wait: number
  readonly cooldown: number
}

/** The state before the first epoch. */
export function startPlateau(learningRate: number): PlateauState {
  return { learning_rate: learningRate, best: null, wait: 0, cooldown: 0 }
}

/**
 * The state after an epoch in which the watched number was `value`, in Keras' order: the cooldown runs down, a gain starts
 * the count anew, then the count. A value that is not finite (null) is no gain.
 */
export function nextPlateau(settings: PlateauSettings, state: PlateauState, value: number | null): PlateauState {
  const cooldown = Math.max(0, state.cooldown - 1)
  if (isGain(settings, value, state.best)) return { ...state, best: value, wait: 0, cooldown }
  if (cooldown > 0) return { ...state, wait: 0, cooldown }
  const wait = (state.cooldown > 0 ? 0 : state.wait) + 1
  if (wait < settings.patience || state.learning_rate <= settings.min_lr) return { ...state, wait, cooldown }
  const learning_rate = Math.max(settings.min_lr, state.learning_rate * settings.factor)
  return { ...state, learning_rate, wait: 0, cooldown: settings.cooldown }
}

function isGain({ mode, min_delta }: PlateauSettings, value: number | null, best: number | null): boolean {
  if (value === null) return false
  if (best === null) return true
  return mode === 'min' ? value + min_delta < best : value - min_delta > best
}
