import { describe, expect, test } from 'vitest'
import { type Choice, choiceAfter, firstChoice } from '../../src/training/threads.ts'

/** Runs of ten steps, where a step takes as long as `msOf` says of its threads. */
function choose(msOf: (threads: number, at: number) => number, until: number, { most = 2, openedMs = 20 } = {}) {
  const history: { at: number; threads: number }[] = []
  let choice: Choice = firstChoice
  let opened = 1
  for (let at = 0; at < until; ) {
    const { threads } = choice
    const ms = 10 * msOf(threads, at)
    const openedNow = threads === opened ? 0 : openedMs
    opened = threads
    at += ms + openedNow
    history.push({ at, threads })
    choice = choiceAfter(choice, { steps: 10, ms, openedMs: openedNow, at }, most)
  }
  return { choice, history }
}

describe('how many threads a training takes', () => {
  test('one, where a step is too short for a second to gain anything', () => {
    const { history } = choose(() => 0.1, 5000)
    expect(new Set(history.map(({ threads }) => threads))).toEqual(new Set([1]))
  })

  test('all, where they are clearly quicker, after both were measured', () => {
    const { choice, history } = choose((threads) => (threads === 1 ? 2 : 1.2), 2500)
    expect(history[0]?.threads).toBe(1)
    expect(choice.threads).toBe(2)
    expect(history.filter(({ threads }) => threads === 1).length).toBeLessThan(6)
  })

  test('one, where all gain less than a tenth', () => {
    const { choice, history } = choose((threads) => (threads === 1 ? 2 : 1.9), 2500)
    expect(choice.threads).toBe(1)
    expect(history.filter(({ threads }) => threads === 2)).toHaveLength(5) // a first run to warm up, four that count
  })

  test('the choice is made again later, and changes with the machine', () => {
    const busyAfter = 20_000
    const msOf = (threads: number, at: number) => (threads === 1 ? 2 : at < busyAfter ? 1.2 : 5)
    const { history } = choose(msOf, 60_000)
    const at = (ms: number) => history.findLast((run) => run.at <= ms)?.threads
    expect(at(15_000)).toBe(2)
    expect(at(59_000)).toBe(1)
  })

  test('looks again less and less often, and hardly ever where a session takes long to open', () => {
    const looks = (openedMs: number) => {
      const { history } = choose((threads) => (threads === 1 ? 2 : 1.9), 120_000, { openedMs })
      return history.filter(({ threads }, i) => threads === 2 && history[i - 1]?.threads === 1).length
    }
    expect(looks(20)).toBe(6) // at the start, then 3, 6, 12, 24 and 48 s later
    expect(looks(4000)).toBe(1)
  })

  test('one on a machine that has no more', () => {
    expect(choose(() => 50, 5000, { most: 1 }).choice).toEqual(firstChoice)
  })
})
