/** Named bytes through flydrive: files below DATA_DIR/blobs by default, S3 by settings. */

/** Keys are relative paths as `datasets/ds_01….table`. */
export interface Blobs {
  /** Keeps the bytes whole or not at all: a reader never sees half of them, also after a crash. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** @throws {Error} when there is no such blob: a row promised it */
  get(key: string): Promise<Uint8Array>
  /** Does nothing when there is no such blob. */
  delete(key: string): Promise<void>
  exists(key: string): Promise<boolean>
}
