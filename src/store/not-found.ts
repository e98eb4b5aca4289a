/** The problems of asking for what is not there. */

import { Problem } from '../errors.ts'

/** @throws {Problem} dataset_not_found, always */
export function datasetNotFound(id: string): never {
  throw new Problem('dataset_not_found', `there is no dataset ${JSON.stringify(id)}; GET /v1/datasets lists them`)
}

/** @throws {Problem} model_not_found, always */
export function modelNotFound(name: string): never {
  throw new Problem('model_not_found', `there is no model ${JSON.stringify(name)}; GET /v1/models lists them`)
}

/** @throws {Problem} training_not_found, always */
export function trainingNotFound(id: string): never {
  throw new Problem('training_not_found', `there is no training ${JSON.stringify(id)}; GET /v1/trainings lists them`)
}
