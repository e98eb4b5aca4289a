/** Models that Keras wrote down, through the API: C66. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kerasFixture } from '../support/keras.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService()
})
afterAll(() => service.close())

test.each([
  ['C66_keras3.json', 216],
  ['C66_keras2.json', 198],
  ['C66_keras3_shared.json', 20],
])('%s becomes a model of %d parameters', async (file, parameters) => {
  const name = file.replace('.json', '')
  const { body } = await service.http
    .post('/v1/models')
    .send({ name, keras: kerasFixture(file) })
    .expect(201)
  expect(body).toMatchObject({ name, total_parameters: parameters, definition: { name } })
  const again = { ...body.definition, name: `${name}-again` }
  expect((await service.http.post('/v1/models').send(again).expect(201)).body.total_parameters).toBe(parameters)
})
