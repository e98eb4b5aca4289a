/** Named bytes through flydrive: files below DATA_DIR/blobs by default, S3 by settings. */

import { join } from 'node:path'
import { Disk } from 'flydrive'
import { openDurableFiles } from './durable-files.ts'

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

export interface BlobConfig {
  readonly dataDir: string
  readonly s3?: {
    readonly bucket: string
    readonly region: string
    readonly endpoint?: string
    readonly accessKeyId?: string
    readonly secretAccessKey?: string
    readonly forcePathStyle: boolean
  }
}

/** Opens the place for blobs: the bucket where one is set, else the folder `blobs` of dataDir. */
export async function openBlobs({ dataDir, s3 }: BlobConfig): Promise<Blobs> {
  const disk = new Disk(s3 === undefined ? await openDurableFiles(join(dataDir, 'blobs')) : await openBucket(s3))
  return {
    // An object in S3 appears whole or not at all by itself.
    put: (key, bytes) => disk.put(key, bytes),
    get: (key) => disk.getBytes(key),
    delete: (key) => disk.delete(key),
    exists: (key) => disk.exists(key),
  }
}

async function openBucket({ accessKeyId, secretAccessKey, ...s3 }: NonNullable<BlobConfig['s3']>) {
  // Loaded only where it is used: the AWS SDK takes a while.
  const { S3Driver } = await import('flydrive/drivers/s3')
  return new S3Driver({
    ...s3,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    visibility: 'private',
    // Most services beside Amazon's, and new buckets of Amazon's, know no access lists.
    supportsACL: false,
    // Checksums that older S3 services do not know are sent only where the call demands them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}
