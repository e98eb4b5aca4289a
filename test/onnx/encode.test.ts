import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { encode } from '../../src/onnx/encode.ts'
import { onnxProto } from '../../src/onnx/onnx-proto.ts'

const root = protobuf.Root.fromJSON(onnxProto)

/** As protobuf.js' compiled code writes it. */
function compiled(type: string, message: object): Uint8Array {
  const form = root.lookupType(`onnx.${type}`)
  return form.encode(form.fromObject(message)).finish()
}

const bytes = Uint8Array.of(1, 2, 255)

test.each<readonly [type: string, message: object]>([
  ['TensorProto', { rawData: bytes, name: 'weight é', dataType: 1, dims: [2, -1, 0, 2 ** 40, -(2 ** 40)] }],
  [
    'TensorProto',
    { floatData: [1.5, -0], doubleData: [Math.PI], int32Data: [-1, 300], int64Data: [-1], uint64Data: [7] },
  ],
  ['TensorProto', { dims: [], floatData: [], stringData: [bytes, new Uint8Array()], name: '' }],
  [
    'AttributeProto',
    { type: 7, ints: [1, -2], name: 'axes', f: 0.1, i: -3, s: bytes, floats: [1, 2], strings: [bytes] },
  ],
  [
    'AttributeProto',
    { name: 'body', type: 5, g: { name: 'step', node: [{ opType: 'Neg', input: ['x', ''], output: ['y'] }] } },
  ],
  [
    'ValueInfoProto',
    { name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch' }, { dimValue: 0 }] } } } },
  ],
  [
    'ModelProto',
    { graph: { name: 'g' }, opsetImport: [{ domain: '', version: 21 }], irVersion: 10, metadataProps: [] },
  ],
])('%s %# is written byte for byte as the compiled code of protobuf.js does', (type, message) => {
  expect(Buffer.from(encode(type, message))).toEqual(Buffer.from(compiled(type, message)))
})

test('a message that ONNX does not have is refused by its name', () => {
  expect(() => encode('ModuleProto', {})).toThrow('ONNX has no message ModuleProto')
})
