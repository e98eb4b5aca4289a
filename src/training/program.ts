/**
 * The training program: forward, backward and optimizer update of one step as the body of a `Scan`, so that one native run
 * trains many steps. Batches are gathered inside from the whole training part.
 *
 * Inputs: `x` [rows, …features], `y` [rows, …target], `order` [steps, batch] (rows of each batch), `inverse_batch` [1],
 * one `scalar/<name>` [steps, 1, 1] per number that the optimizer wants in each step, `keys` [steps] where the model draws
 * noise, and the state: `state/<group>` and `state/<group>/<slot>`, each [1, size].
 * Outputs: the new state under `next/…`, `loss` [steps] (mean over the batch, penalties included) and, where metrics want
 * them, `predictions` [steps, batch, …units].
 */
import { gradients } from '../autodiff/gradients.ts'
import type { ResolvedLoss } from '../nn/losses/index.ts'
import { callModel, type Model } from '../nn/model.ts'
import type { ResolvedOptimizer } from '../nn/optimizers/index.ts'
import { type Builder, createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import type { Shape } from '../onnx/dims.ts'
import { Graph } from '../onnx/graph.ts'
import { prune } from '../onnx/passes/prune.ts'
import { elementCount } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'
import type { Group, Layout } from './layout.ts'
import { hashedCounters, uniformLike } from './uniform.ts'
