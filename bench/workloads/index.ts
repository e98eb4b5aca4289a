/** The table of workloads: one file and one line each. */
import { bigcnn } from './bigcnn.ts'
import { bilstm } from './bilstm.ts'
import { cnn } from './cnn.ts'
import { mlp } from './mlp.ts'
import { adam, type Workload } from './workload.ts'

export const workloads = {
  'mlp-32-adam': mlp(32, adam),
  'mlp-32-sgd': mlp(32, { name: 'sgd', learning_rate: 0.1 }),
  'mlp-512-adam': mlp(512, adam),
  cnn,
  bilstm,
  bigcnn,
} satisfies Record<string, Workload>

export type WorkloadName = keyof typeof workloads
