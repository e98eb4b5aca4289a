/** A Fastify server whose one route takes any JSON and gives the JSON of its argument: the least a prediction could cost. */
import fastify from 'fastify'

const answer: unknown = JSON.parse(process.argv[2] ?? '{}')
const app = fastify()
app.post('/', async () => answer)
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
