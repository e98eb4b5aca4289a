/**
 * `npm run bench`: what a training step, a whole training and a prediction cost, beside other programs on this machine.
 * Options: `--rounds N`, `--threads N`, `--peers a,b`, `--only training,…`, `--json FILE`.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { formatHttp, measureHttp } from './http.ts'
import { type PeerName, peers } from './peers/index.ts'
import { formatProfile, profileStep } from './profile.ts'
import { availableThreads, compareThreads, formatThreads } from './threads.ts'
import { compareTraining, formatTraining } from './training.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    peers: { type: 'string', default: Object.keys(peers).join(',') },
    only: { type: 'string', default: 'training,threads,profile,http' },
    json: { type: 'string' },
  },
})

const rounds = Number(options.rounds)
const threads = Number(options.threads)
const names = options.peers.split(',').map((name) => {
  if (!(name in peers)) throw new Error(`--peers: no peer ${name}; there are ${Object.keys(peers).join(', ')}`)
  return name as PeerName
})
const network = { widths: [784, 64, 64, 10], samples: 8192, roundSeconds: 0.4 }

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  training: async () => {
    const results = []
    for (const batch of [32, 512]) {
      const result = await compareTraining({ ...network, batch, threads }, names, rounds)
      console.log(`${formatTraining(result)}\n`)
      results.push(result)
    }
    return results
  },
  threads: async () => {
    const results = []
    for (const batch of [32, 512]) {
      const result = await compareThreads({ ...network, batch, threads }, availableThreads(threads), rounds)
      console.log(`${formatThreads(result)}\n`)
      results.push(result)
    }
    return results
  },
  profile: async () => {
    const times = await profileStep({ ...network, batch: 32, threads: 1 })
    console.log(`where a step of batch 32 goes, 1 thread, by ONNX Runtime's profile\n\n${formatProfile(times)}\n`)
    return times
  },
  http: async () => {
    const result = await measureHttp(rounds)
    console.log(`${formatHttp(result)}\n`)
    return result
  },
}

const report: Record<string, unknown> = {
  date: new Date().toISOString(),
  machine: { processor: cpus()[0]?.model, cores: availableParallelism(), node: process.version },
  rounds,
}
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds\n`)
for (const name of options.only.split(',')) {
  const part = parts[name]
  if (!part) throw new Error(`--only: no part ${name}; there are ${Object.keys(parts).join(', ')}`)
  report[name] = await part()
}
if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
