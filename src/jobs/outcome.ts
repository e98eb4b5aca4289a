/** How one attempt at a training ended. */

export type Outcome =
  | { readonly status: 'succeeded'; readonly attempt: number; readonly version: number }
  /** The record tells code and detail. */
  | { readonly status: 'failed'; readonly attempt: number }
  | { readonly status: 'cancelled'; readonly attempt: number }
  /** Stopped by a worker that ends; the record is `queued` again and waits for a new job. */
  | { readonly status: 'requeued'; readonly attempt: number }
  /** Another attempt holds the training, or it had ended before: nothing was written. */
  | { readonly status: 'superseded' }
