/** Whether the engine that a request asks for can do the training. */
import { bodyProblem } from '../errors.ts'
import { type EngineRequest, tensorflowMisfit } from '../tensorflow/support.ts'
import type { Engine } from './request.ts'

/** @throws {Problem} invalid_training with the pointer of what the engine cannot do */
export function assertEngine(engine: Engine, planned: EngineRequest): void {
  const misfit = engine === 'tensorflow' ? tensorflowMisfit(planned) : null
  if (misfit) throw bodyProblem('invalid_training', misfit.pointer, misfit.detail)
}
