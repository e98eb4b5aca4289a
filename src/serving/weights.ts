/** The weights of a published version as a safetensors file, taken out of the served ONNX model. */
import { fromBytes } from '../onnx/codec.ts'
import { type NamedTensor, toSafetensors } from '../onnx/safetensors.ts'

/**
 * @param model the served ONNX model
 * @param names its initializers that are weights, in the order of the layers
 * @param metadata what the file says about itself beside the tensors
 */
export function weightsFile(
  model: Uint8Array,
  names: readonly string[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { graph } = fromBytes(model)
  const initializers = new Map(graph.initializers.map((value) => [value.name, value.data]))
  const tensors = new Map<string, NamedTensor>()
  for (const name of names) {
    const tensor = initializers.get(name)
    if (!(tensor?.data instanceof Float32Array)) throw new Error(`the served model has no float32 weight ${name}`)
    tensors.set(name, { shape: tensor.dims, data: tensor.data })
  }
  return toSafetensors({ tensors, metadata })
}
