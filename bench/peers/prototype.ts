/**
 * The hand-written training programs, one for each fixed network, against which the compiler is measured. They handle no
 * short last batch and nothing but their network, and share only graph and session with the engine.
 */
import { rowsOf } from '../data.ts'
import type { Task } from '../task.ts'
import { bigcnn } from './prototypes/bigcnn.ts'
import { bilstm } from './prototypes/bilstm.ts'
import { cnn } from './prototypes/cnn.ts'
import { mlp } from './prototypes/mlp.ts'
import { openProgram } from './prototypes/program.ts'
import { type Peer, servePeer } from './serve.ts'

const prototypes = { mlp, cnn, bilstm, bigcnn }

async function open(task: Task): Promise<Peer> {
  const program = prototypes[task.network]
  const rows = rowsOf(task)
  return { label: 'prototype', build: async () => openProgram(task, program(task, rows)) }
}

await servePeer(open)
