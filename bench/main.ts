/**
 * `npm run bench:training`: what a training step, a whole training and a prediction cost, beside other programs on this
 * machine. Options: `--only` parts and workloads, `--peers a,b`, `--rounds N`, `--threads N`, `--seconds N` of a round,
 * `--json FILE`.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { formatVerdicts, verdictsOf } from './bars.ts'
import { formatGrowth, measureGrowth } from './growth.ts'
import { formatHttp, measureHttp } from './http.ts'
import { type PeerName, peers } from './peers/index.ts'
import { formatProfile, profileStep } from './profile.ts'
import { taskOf } from './task.ts'
import { availableThreads, compareThreads, formatThreads } from './threads.ts'
import { compareTraining, formatRatios, formatTraining } from './training.ts'
import { workloads } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    seconds: { type: 'string', default: '0.5' },
    peers: { type: 'string', default: Object.keys(peers).join(',') },
    only: { type: 'string', default: 'training,growth,threads,profile,http' },
    json: { type: 'string' },
  },
})

const rounds = Number(options.rounds)
const threads = Number(options.threads)
const names = options.peers.split(',').map((name) => {
  if (!(name in peers)) throw new Error(`--peers: no peer ${name}; there are ${Object.keys(peers).join(', ')}`)
  return name as PeerName
})
const chosen = options.only.split(',')
const named = Object.entries(workloads).filter(([name]) => chosen.includes(name))
/** The workloads named in `--only`, or all of them. */
const wanted: readonly (readonly [string, Workload])[] = named.length > 0 ? named : Object.entries(workloads)

/** One result after the other, each printed as soon as it is there. */
async function each<T>(
  list: readonly (readonly [string, Workload])[],
  measure: (name: string, workload: Workload) => Promise<T>,
  format: (result: T) => string,
): Promise<T[]> {
  const results: T[] = []
  for (const [name, workload] of list) {
    const result = await measure(name, workload)
    console.log(`${format(result)}\n`)
    results.push(result)
  }
  return results
}

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  training: async () => {
    const comparison = { names, rounds, threads, seconds: Number(options.seconds) }
    const results = await each(
      wanted,
      (name, workload) => compareTraining(name, workload, comparison),
      (result) => `${formatTraining(result)}\n\n${formatVerdicts(verdictsOf(result))}`,
    )
    if (results.length > 1) console.log(`${formatRatios(results)}\n`)
    return results
  },
  growth: () => measureGrowth(threads, rounds, (growth) => console.log(`${formatGrowth(growth)}\n`)),
  threads: () => {
    const small = wanted.filter(([, { alone }]) => !alone)
    return each(small, (_, workload) => compareThreads(workload, availableThreads(threads), rounds), formatThreads)
  },
  profile: () => each(wanted, (_, workload) => profileStep(workload.title, taskOf(workload, 1)), formatProfile),
  http: async () => {
    const result = await measureHttp(rounds)
    console.log(`${formatHttp(result)}\n`)
    return result
  },
}

const machine = {
  processor: cpus()[0]?.model,
  cores: availableParallelism(),
  gigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
}
const report: Record<string, unknown> = {
  date: new Date().toISOString(),
  arguments: process.argv.slice(2),
  machine,
  rounds,
}
console.log(
  `npm run bench:training -- ${process.argv.slice(2).join(' ')}\n` +
    `${machine.processor}, ${machine.cores} cores, ${machine.gigabytes} GiB, Node ${machine.node}, ${new Date().toISOString()}\n`,
)
const chosenParts = chosen.filter((name) => !(name in workloads))
for (const name of chosenParts.length > 0 ? chosenParts : ['training']) {
  const part = parts[name]
  if (!part) {
    throw new Error(`--only: no ${name}; there are ${[...Object.keys(parts), ...Object.keys(workloads)].join(', ')}`)
  }
  report[name] = await part()
}
if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
