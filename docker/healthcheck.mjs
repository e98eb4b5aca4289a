/**
 * Says by its exit code whether a container is well. `api`: the service answers that it is ready. `worker`: the database
 * answers, without which a worker takes no job.
 */
import pg from 'pg'

const checks = {
  api: async () => {
    const { status } = await fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`)
    if (status !== 200) throw new Error(`the service answers ${status}`)
  },
  worker: async () => {
    const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 3000 })
    await client.connect()
    await client.query('select 1')
    await client.end()
  },
}

const check = checks[process.argv[2]]
if (!check) throw new Error(`expected ${Object.keys(checks).join(' or ')}, received ${process.argv[2]}`)
await check()
