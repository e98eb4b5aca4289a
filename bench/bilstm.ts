/**
 * A step of Embedding(8000, 64) → Bidirectional(LSTM(64)) → Dense(64) → Dense(1) on 100 words, batch 32, Adam, beside PyTorch:
 * `npm run build && node dist/bench/bilstm.js [--rounds N] [--threads N]`. Rounds take turns; the ratio is of medians.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPeer } from './peer-process.ts'
import type { Peer } from './peers/index.ts'
import { formatTable, spreadOf } from './statistics.ts'
import type { Task } from './task.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, threads: { type: 'string', default: '1' } },
})
const threads = Number(options.threads)
const task: Task = { widths: [8000, 64, 64, 64, 100], batch: 32, samples: 1024, threads, roundSeconds: 1 }

const here = import.meta.dirname
const source = join(here, here.includes(join('dist', 'bench')) ? '../../bench' : '.')
const venvPython = join(source, '.venv/bin/python')
const peers: Readonly<Record<string, Peer>> = {
  fitserve: { command: [process.execPath, join(here, 'peers/bilstm-fitserve.js')] },
  pytorch: {
    command: [existsSync(venvPython) ? venvPython : 'python3', join(source, 'peers/bilstm_pytorch.py')],
  },
}

const running = []
for (const [name, program] of Object.entries(peers)) {
  const peer = await startPeer(program, task)
  if ('absent' in peer) console.log(`${name}: ${peer.absent}`)
  else running.push({ name, peer, milliseconds: [] as number[], loss: Number.NaN })
}
for (const { peer } of running) await peer.round()
for (let round = 0; round < Number(options.rounds); round++) {
  for (const entry of running) {
    const { seconds, steps, loss } = await entry.peer.round()
    entry.milliseconds.push((1000 * seconds) / steps)
    entry.loss = loss
  }
}
const first = spreadOf(running[0]?.milliseconds ?? [])
const rows = running.map(({ peer, milliseconds, loss }) => {
  const { median, min, max } = spreadOf(milliseconds)
  const cells = [median.toFixed(1), `${min.toFixed(1)} to ${max.toFixed(1)}`, (first.median / median).toFixed(2)]
  return [peer.label, ...cells, loss.toFixed(4)]
})
console.log(formatTable([`BiLSTM, ${threads} threads`, 'ms/step', 'spread', 'fitserve to it', 'loss'], rows))
for (const { peer } of running) await peer.close()
