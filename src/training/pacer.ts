/** How many steps a native run trains: as many as fill about half a second, so that progress and cancelling have their moments. */

const targetMs = 500
/** A run of fewer steps would spend its time on copying a large state out (measured on the 167M network). */
const fewestSteps = 5
/** The first run is short: nothing is known of the cost of a step yet. */
const firstSteps = 16

export interface Pacer {
  stepsPerRun(): number
  /** Runs `work`, which trains `steps` steps, and learns from the time it took. */
  time<T>(steps: number, work: () => Promise<T>): Promise<T>
}

/** A pacer that has seen nothing yet. */
export function createPacer(): Pacer {
  let steps = firstSteps
  return {
    stepsPerRun: () => steps,
    time: async (ran, work) => {
      const start = performance.now()
      const result = await work()
      const perStep = (performance.now() - start) / ran
      // never more than eight times the last, since the first steps of a session are slower than those that follow
      steps = Math.max(fewestSteps, Math.min(8 * Math.max(ran, firstSteps), Math.floor(targetMs / perStep)))
      return result
    },
  }
}
