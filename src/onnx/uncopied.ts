/**
 * Keeps onnxruntime-node from copying what a run has written. It (1.30) copies every output into an array of its own after a
 * run, also one that it was given a tensor to write into: for a state of 668 MB a copy into fresh memory, 400 ms of a step.
 * It takes the outputs in the model's order, and gives up with an error at the first that is no tensor. So a model whose
 * outputs are all written into tensors of the caller names an empty sequence as its first output (`toBytes`), and a run that
 * has a tensor for each of the others asks for the sequence as well (src/runtime/session.ts): ONNX Runtime has done all of its
 * work by then, and nothing is copied.
 */
export const uncopied = 'uncopied'

/** The node that makes the sequence. */
export const uncopiedNode = { opType: 'SequenceEmpty', name: uncopied, output: [uncopied] }

/** What the file says of it. */
export const uncopiedOutput = {
  name: uncopied,
  type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
}
