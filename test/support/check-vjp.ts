/**
 * Checks gradients against central differences. For outputs y with cotangents dy the function f(x) = Σ y·dy has the gradient
 * that `pullBack` gives; along a random direction v it must agree with (f(x + hv) - f(x - hv)) / 2h. One projection per
 * input, so the cost does not grow with the size.
 */
import { expect } from 'vitest'
import { pullBack } from '../../src/autodiff/gradients.ts'
import { asReal, type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { type Shape, sameShape } from '../../src/onnx/dims.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real, RealType, Value } from '../../src/onnx/value.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { openSession, type Session } from '../../src/runtime/session.ts'
import { numbers } from './graph.ts'

/** A function to differentiate and where. `shape` may hold `batch`, which `dims` binds. */
export interface Trial {
  readonly inputs: readonly { readonly shape: Shape; readonly dims: readonly number[]; readonly values: number[] }[]
  readonly type: RealType
  readonly seed: number
  readonly build: (op: Builder, xs: readonly Real[]) => readonly Value[]
  /** For operators whose random state lives in the session: each evaluation in a new one. */
  readonly freshSessions?: boolean
}

/** Step of the difference, and what may differ: relative to Σ|dL/dx·v|, and in any case (rounding of f over the step). */
const precision = {
  float32: { h: 1e-2, relative: 1e-2, absolute: 3e-3 },
  float64: { h: 1e-5, relative: 1e-6, absolute: 1e-7 },
} as const

/** Fails where a gradient disagrees; `opType` must be among the operators that the trial builds. */
export async function checkVjp(opType: string | null, trial: Trial): Promise<void> {
  const { graph, xs, slopes } = differentiated(trial)
  if (opType) expect(graph.nodes.map((node) => node.opType)).toContain(opType)
  const { run, close } = evaluator(toBytes(graph), trial)
  try {
    const base = await run([])
    for (const [i, x] of xs.entries()) {
      const dx = base[slopes[i] as string]
      expect(dx?.dims, `the shape of the gradient of input ${i}`).toEqual(trial.inputs[i]?.dims)
      await compare(trial, i, x, numbers(dx), run)
    }
  } finally {
    await close()
  }
}

async function compare(trial: Trial, i: number, x: Value, dx: number[], run: Run): Promise<void> {
  const { h, relative, absolute } = precision[trial.type]
  const random = createRandom(deriveKey(trial.seed, 'direction', i))
  const v = dx.map(() => (random.uniform() < 0.5 ? -1 : 1) * (0.5 + 0.5 * random.uniform()))
  const at = async (step: number) => {
    const values = trial.inputs[i]?.values.map((value, k) => value + step * (v[k] as number)) ?? []
    return numbers((await run([[x.name, values]])).f)[0] as number
  }
  const numeric = ((await at(h)) - (await at(-h))) / (2 * h)
  const terms = dx.map((slope, k) => slope * (v[k] as number))
  const analytic = terms.reduce((sum, term) => sum + term, 0)
  const scale = terms.reduce((sum, term) => sum + Math.abs(term), 0)
  const agrees = Math.abs(numeric - analytic) <= absolute + relative * Math.max(scale, Math.abs(numeric))
  expect(agrees, `input ${i}: the rule gives ${analytic}, central differences ${numeric}`).toBe(true)
}

/** The graph of f and its gradients: outputs `f` (float64) and one per input, named in `slopes`. */
function differentiated({ inputs, type, seed, build }: Trial) {
  const graph = Graph.create('trial')
  const op = createBuilder(graph)
  const xs = inputs.map(({ shape }, i) => graph.input(`x${i}`, type, shape))
  const ys = build(op, xs).filter(({ type: t }) => t === 'float32' || t === 'float64')
  const cotangents = ys.map((y, i) => [y, projection(op, asReal(y), deriveKey(seed, i) / 2 ** 32)] as const)
  const gradients = pullBack(op, cotangents, xs)
  const products = cotangents.map(([y, dy]) => {
    const product = op.Mul(op.Cast(y, { to: 'float64' }), op.Cast(dy, { to: 'float64' }))
    return op.ReduceSum(product, null, { keepdims: 0 })
  })
  const f = op.Sum(products)
  graph.rename(f, 'f')
  graph.output(f)
  const slopes = gradients.map((dx, i) => {
    const shape = xs[i]?.shape ?? []
    expect(sameShape(dx.shape, shape), `shape [${dx.shape}] of the gradient of [${shape}]`).toBe(true)
    const output = op.Identity(dx)
    graph.output(output)
    return output.name
  })
  return { graph, xs, slopes }
}

/** Numbers in [-1, 1] in the shape of `y`, whatever it is when the graph runs: sin(12.9898·k + phase). */
function projection(op: Builder, y: Real, phase: number): Real {
  const int = (value: number) => op.constant(tensorOf('int64', [value], []))
  const k = op.Cast(op.Range(int(0), op.Size(y), int(1)), { to: y.type })
  const angle = op.Add(op.Mul(k, op.scalar(12.9898, y)), op.scalar(1 + 2 * Math.PI * phase, y))
  return op.Reshape(op.Sin(angle), op.Shape(y, {}))
}

type Run = (changed: readonly (readonly [string, number[]])[]) => Promise<Record<string, Tensor>>

function evaluator(
  bytes: Uint8Array,
  { inputs, type, freshSessions }: Trial,
): { run: Run; close: () => Promise<void> } {
  let kept: Promise<Session> | null = null
  const open = () => {
    if (!kept || freshSessions) kept = openSession(bytes)
    return kept
  }
  const base = inputs.map(({ dims, values }, i) => [`x${i}`, tensorOf(type, values, dims)] as const)
  return {
    run: async (changed) => {
      const feeds = Object.fromEntries(base)
      for (const [name, values] of changed) feeds[name] = tensorOf(type, values, feeds[name]?.dims)
      const session = await open()
      const results = await session.run(feeds)
      if (freshSessions) await session.close()
      return results
    },
    close: async () => {
      if (kept && !freshSessions) await (await kept).close()
    },
  }
}
