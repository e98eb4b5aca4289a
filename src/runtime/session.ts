/** ONNX Runtime behind two functions: bytes of a model to a session, tensors in, tensors out. */
import './telemetry.ts'
import { InferenceSession, Tensor as NativeTensor } from 'onnxruntime-node'
import { Problem } from '../errors.ts'
import type { ElementType, Tensor } from '../onnx/tensor.ts'
import { uncopied } from '../onnx/uncopied.ts'

export interface SessionOptions {
  /** Execution providers in the order tried (`EXECUTION_PROVIDERS`); default `['cpu']`. */
  readonly providers?: readonly string[]
  /** Threads inside of one operator; default 1, the fastest for small models. */
  readonly threads?: number
  /** A file name prefix: ONNX Runtime writes a profile of every operator there. */
  readonly profilePrefix?: string
}

export interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /**
   * Runs the model. `feeds` may hold more than the model's inputs.
   * The native call blocks this thread for as long as it computes.
   * @param into tensors to write outputs into, by name, of their shapes; other outputs come in new ones. What is written is
   *   copied into new ones as well (onnxruntime-node does so), but where all outputs have one and the model was made for it
   *   (`toBytes`, `writesInto`).
   * @throws {Problem} engine_failed with ONNX Runtime's reason
   */
  run(feeds: Readonly<Record<string, Tensor>>, into?: ReadonlyMap<string, Tensor>): Promise<Record<string, Tensor>>
  /** Ends profiling, where it was asked for. */
  endProfiling(): void
  close(): Promise<void>
}

/**
 * Loads a model.
 * @throws {Problem} engine_failed where ONNX Runtime does not take it
 */
export async function openSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await refusedAsProblem(() => InferenceSession.create(model, nativeOptions(options)))
  const { inputNames } = session
  const outputNames = session.outputNames.filter((name) => name !== uncopied)
  const writesInto = outputNames.length < session.outputNames.length
  return {
    inputNames,
    outputNames,
    run: async (feeds, into = new Map()) => {
      const native: Record<string, NativeTensor> = {}
      for (const name of inputNames) {
        const tensor = feeds[name]
        if (!tensor) throw new Error(`the model's input ${name} was not fed`)
        native[name] = toNative(tensor)
      }
      const fetches = Object.fromEntries(
        outputNames.map((name) => {
          const tensor = into.get(name)
          return [name, tensor ? toNative(tensor) : null]
        }),
      )
      if (writesInto && outputNames.every((name) => into.has(name))) {
        await refusedAsProblem(() => runUncopied(session, native, fetches))
        return Object.fromEntries(into)
      }
      const results = await refusedAsProblem(() => session.run(native, fetches))
      return Object.fromEntries(outputNames.map((name) => [name, fromNative(results[name] as NativeTensor)]))
    },
    endProfiling: () => session.endProfiling(),
    close: () => session.release(),
  }
}

/** Runs, and ends before what was written is copied: see src/onnx/uncopied.ts. */
async function runUncopied(
  session: InferenceSession,
  feeds: Record<string, NativeTensor>,
  fetches: Record<string, NativeTensor | null>,
): Promise<void> {
  try {
    await session.run(feeds, { [uncopied]: null, ...fetches })
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('Non tensor type'))) throw error
  }
}

function nativeOptions({
  providers = ['cpu'],
  threads = 1,
  profilePrefix,
}: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [...providers],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
  }
}

async function refusedAsProblem<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('engine_failed', `ONNX Runtime: ${reason}`, { cause: error })
  }
}

function toNative({ type, data, dims }: Tensor): NativeTensor {
  return new NativeTensor(type, data as Float32Array, dims)
}

function fromNative(tensor: NativeTensor): Tensor {
  return { type: tensor.type as ElementType, dims: tensor.dims, data: tensor.data as Float32Array } as Tensor
}
