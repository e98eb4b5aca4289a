/** What a worker and its training processes say to each other (JSON, over the channel of `fork`). */

import type { Outcome } from './outcome.ts'

export type ToProcess =
  | { readonly type: 'start'; readonly training: string }
  | { readonly type: 'abort'; readonly reason: string }

export type FromProcess =
  /** Modules are loaded, the store is open: a job may come. */
  | { readonly type: 'ready' }
  /** The attempt that the process claimed: what it writes, it writes under this number. */
  | { readonly type: 'attempt'; readonly attempt: number }
  | { readonly type: 'done'; readonly outcome: Outcome }
  /** The job threw: not the user's fault, to be tried again. */
  | { readonly type: 'failed'; readonly message: string }
