/** The table of initializers, by their Keras names. */
import type { NamedTable } from '../named.ts'
import { constant, ones, zeros } from './constant.ts'
import { identity } from './identity.ts'
import type { Initializer } from './initializer.ts'
import { orthogonal } from './orthogonal.ts'
import { randomNormal, randomUniform, truncatedNormalInitializer } from './random.ts'
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  varianceScaling,
} from './variance-scaling.ts'

export const initializers: NamedTable<Initializer> = {
  glorot_uniform: glorotUniform,
  glorot_normal: glorotNormal,
  he_uniform: heUniform,
  he_normal: heNormal,
  lecun_uniform: lecunUniform,
  lecun_normal: lecunNormal,
  variance_scaling: varianceScaling,
  orthogonal,
  identity,
  random_uniform: randomUniform,
  random_normal: randomNormal,
  truncated_normal: truncatedNormalInitializer,
  zeros,
  ones,
  constant,
}
