/** Initial weights that pass what comes in. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineInitializer } from './initializer.ts'

/** `gain` on the diagonal of a matrix, 0 elsewhere. */
export const identity = defineInitializer({
  config: Strict({ name: NameOf('identity', 'Identity', 'IdentityInitializer'), gain: Type.Number({ default: 1 }) }),
  misfit: (_config, { length }) => (length === 2 ? null : 'the initializer identity asks for two axes'),
  create: ({ gain }, [rows = 1, columns = 1]) => {
    const values = new Float32Array(rows * columns)
    for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = gain
    return values
  },
})
