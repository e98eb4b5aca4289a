/** How many steps a native run trains: as many as fill about half a second, so that progress and cancelling have their moments. */

const targetMs = 500
/** The first run is short: nothing is known of the cost of a step yet. */
const firstSteps = 16
/** Steps of networks with more weights than this take parts of a second: they begin with one. */
const manyWeights = 2 ** 24

export interface Pacer {
  stepsPerRun(): number
  /** Runs `work`, which trains `steps` steps, and learns from the time it took. */
  time<T>(steps: number, work: () => Promise<T>): Promise<T>
}

/** A pacer that has seen nothing yet, for a network of so many weights. */
export function createPacer(weights = 0): Pacer {
  let steps = weights > manyWeights ? 1 : firstSteps
  return {
    stepsPerRun: () => steps,
    time: async (ran, work) => {
      const start = performance.now()
      const result = await work()
      const perStep = (performance.now() - start) / ran
      // never more than eight times the last, since the first steps of a session are slower than those that follow
      steps = Math.max(1, Math.min(8 * Math.max(ran, firstSteps), Math.floor(targetMs / perStep)))
      return result
    },
  }
}
